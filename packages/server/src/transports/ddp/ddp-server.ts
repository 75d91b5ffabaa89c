import { subscribe } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { Connection } from '../../wire/connection.ts'
import { attachAccounts } from './accounts/attach.ts'
import type { AccountsOnDdp } from './accounts/ports.ts'
import { Hub } from './hub.ts'
import { callMethod } from './method-call.ts'
import { readServerOptions } from './options.ts'
import type { DDPServerOptions } from './options.ts'
import { Peer } from './peer.ts'
import type { DdpFacts, DdpReceiver, DdpWire } from '../../wire/ddp-socket.ts'
import type { MethodHandler, PublishHandler } from './types.ts'

/**
 * A server of Meteor's protocol: methods, publications, and whoever is signed in on each connection. It knows no sockets; they are handed to {@link accept}.
 * @example
 * import { DDPServer } from '@latchkey/server/ddp'
 * const ddp = new DDPServer()
 * ddp.methods({
 *   add: (one: number, other: number) => one + other,
 * })
 * console.log(await ddp.call('add', 1, 2)) // 3
 * await ddp.stop()
 */
export class DDPServer {
  readonly #hub: Hub
  #accountsServer: AccountsOnDdp | undefined

  /** @throws AccountsError `InvalidSettings` */
  constructor(options: DDPServerOptions = {}) {
    const { settings, ports, rateLimiter } = readServerOptions(options)
    this.#hub = new Hub(settings, ports, rateLimiter)
  }

  /**
   * Defines methods by their names.
   * @throws TypeError when there is one of that name
   */
  methods(named: Readonly<Record<string, MethodHandler>>): void {
    for (const [name, handler] of Object.entries(named)) {
      if (typeof handler !== 'function') throw new TypeError(`The method "${name}" must be a function`)
      if (this.#hub.methods.has(name)) throw new TypeError(`There is a method "${name}" already`)
      this.#hub.methods.set(name, handler)
    }
  }

  /**
   * Defines a publication, or several by their names. With null in the place of a name, nobody has to ask for it: every client gets it, those too who are connected
   * already.
   */
  publish(named: Readonly<Record<string, PublishHandler>>): void
  publish(name: string | null, handler: PublishHandler): void
  publish(name: string | null | Readonly<Record<string, PublishHandler>>, handler?: PublishHandler): void {
    if (typeof name === 'object' && name !== null) {
      for (const [one, its] of Object.entries(name)) this.publish(one, its)
      return
    }
    if (typeof handler !== 'function') throw new TypeError(`The publication "${name}" must be a function`)
    const { publications, universal, sessions, ports } = this.#hub
    if (name === null) {
      universal.push(handler)
      for (const session of sessions.values()) session.publishToAll(handler)
    } else if (publications.has(name))
      ports.log.warn({ publication: name }, `there is a publication "${name}" already; this one is ignored`)
    else publications.set(name, handler)
  }

  /** Tells the listener of each new connection, before its first message is answered. */
  onConnection(listener: (connection: Connection) => unknown): Stop {
    return subscribe(this.#hub.connectionListeners, listener)
  }

  /**
   * Calls a method, without limits. Inside of a method, or of a publication, the call is made on behalf of the same client.
   * @throws MeteorError 404 for an unknown method, and whatever the method throws, as it is
   */
  call(name: string, ...params: unknown[]): Promise<unknown> {
    return callMethod(this.#hub, name, params)
  }

  /** Gives this server the methods and publications of accounts. `AccountsServer` calls it when it is given a DDP server. */
  attachAccounts(server: AccountsOnDdp): void {
    this.#hub.gates.add(attachAccounts(this, server))
    this.#accountsServer = server
  }

  /** The accounts that are attached; undefined while there are none. Sockets ask it whose cookies count. */
  get accountsServer(): AccountsOnDdp | undefined {
    return this.#accountsServer
  }

  /** Takes a socket. Its frames, and its end, are to be told to what is handed back. */
  accept(wire: DdpWire, facts: DdpFacts): DdpReceiver {
    const peer = new Peer(this.#hub, wire, facts)
    if (this.#hub.isStopped) peer.hangUp()
    return peer
  }

  /** Closes every connection, and takes no more. Idempotent. */
  async stop(): Promise<void> {
    const { sessions, waiting, gates, wheel } = this.#hub
    this.#hub.isStopped = true
    for (const session of sessions.values()) session.close()
    for (const peer of waiting) peer.hangUp()
    for (const gate of gates) gate.stop()
    gates.clear()
    wheel.stop()
  }
}
