/** What all sockets of one DDP server share. */
import type { Ports } from '../../core/ports.ts'
import type { Connection } from '../../wire/connection.ts'
import type { AccountsGate } from './accounts/ports.ts'
import { Load } from './load.ts'
import type { DdpServerSettings } from './options.ts'
import { Parked } from './parked.ts'
import type { Line, Session } from './session.ts'
import type { MethodHandler, PublishHandler, RateLimiterPort } from './types.ts'
import { Wheel } from './wheel.ts'

/** Finest the wheel turns; deadlines of a fifteenth of it would be none. */
const FINEST_STEP = 10
const COARSEST_STEP = 1000

/** Shared state; nothing here knows how a message is answered. */
export class Hub {
  readonly settings: DdpServerSettings
  readonly ports: Ports
  readonly wheel: Wheel
  readonly methods = new Map<string, MethodHandler>()
  readonly publications = new Map<string, PublishHandler>()
  readonly universal: PublishHandler[] = []
  readonly sessions = new Map<string, Session>()
  readonly connectionListeners = new Set<(connection: Connection) => unknown>()
  /** Sockets whose handshake is still to come. */
  readonly waiting = new Set<Line>()
  readonly parked = new Parked()
  readonly load: Load
  readonly gates = new Set<AccountsGate>()
  readonly #rateLimiter: RateLimiterPort | undefined
  isStopped = false

  constructor(settings: DdpServerSettings, ports: Ports, rateLimiter?: RateLimiterPort) {
    this.#rateLimiter = rateLimiter
    this.settings = settings
    this.ports = ports
    this.load = new Load(settings)
    const { heartbeatInterval, heartbeatTimeout, handshakeTimeout, disconnectGracePeriod } = settings
    const shortest = Math.min(...[heartbeatInterval, heartbeatTimeout, handshakeTimeout, disconnectGracePeriod].filter(one => one > 0))
    this.wheel = new Wheel(ports, Math.min(COARSEST_STEP, Math.max(FINEST_STEP, Math.floor(shortest / 15))))
  }

  /** Asks whoever may refuse a call or a subscription of this client. @throws MeteorError of the first that does */
  async admit(type: 'method' | 'subscription', name: string, { userId, connection }: Session): Promise<void> {
    const input = { type, name, userId, connectionId: connection.id, clientAddress: connection.clientAddress }
    await this.#rateLimiter?.check(input)
    for (const gate of this.gates) {
      // The cheap question first: it is there to spare us the other.
      await gate.rateLimiter?.check(input)
      await gate.admit(connection)
    }
  }

  /** Waits until publications have told what a method of this client changed. Never rejects. */
  async settle({ connection }: Session): Promise<void> {
    for (const gate of this.gates) {
      try {
        await gate.settle(connection)
      } catch (error) {
        this.ports.log.error(
          { err: error, connectionId: connection.id },
          'publications could not be brought up to date before a method was called done',
        )
      }
    }
  }

  /** Calls somebody else's listener; one that throws, now or later, is reported and changes nothing. */
  tell(listener: () => unknown, what: string): void {
    const told = async (): Promise<unknown> => listener()
    told().catch((error: unknown) => this.ports.log.error({ err: error }, `a listener threw: ${what}`))
  }
}
