/** One socket: its handshake, its heartbeat, and what it may not do. */
import { DDP_VERSIONS } from '@latchkey/common/ddp'
import type { DdpVersion, ServerMessage } from '@latchkey/common/ddp'
import type { Hub } from './hub.ts'
import type { Share } from './load.ts'
import { readFrame, refusal } from './read-message.ts'
import type { Incoming } from './read-message.ts'
import { Session } from './session.ts'
import type { Line } from './session.ts'
import type { DdpFacts, DdpReceiver, DdpWire } from '../../wire/ddp-socket.ts'
import { NOWHERE } from './wheel.ts'
import type { Timed } from './wheel.ts'

export class Peer implements DdpReceiver, Line, Timed {
  place = NOWHERE
  readonly #hub: Hub
  readonly #wire: DdpWire
  readonly #facts: DdpFacts
  /** What was sent and not read. */
  readonly #unread: Share
  #session: Session | null = null
  #isClosed = false
  /** Anything arrived since the last look. */
  #isAlive = false
  #nextLook = 0
  /** When an unanswered `ping` closes the socket; 0: none is unanswered. */
  #patienceEnds = 0

  constructor(hub: Hub, wire: DdpWire, facts: DdpFacts) {
    this.#hub = hub
    this.#wire = wire
    this.#facts = facts
    this.#unread = hub.load.share(facts.clientAddress, () => wire.buffered)
    hub.waiting.add(this)
    hub.wheel.set(this, hub.ports.clock.now() + hub.settings.handshakeTimeout)
  }

  receive(frame: string): void {
    if (this.#isClosed) return
    // Any message is a sign of life.
    this.#isAlive = true
    this.#patienceEnds = 0
    if (frame.length > this.#hub.settings.maxFrameBytes) {
      this.#answer(refusal('Message too large'))
      return this.#finish()
    }
    const read = readFrame(frame)
    if ('error' in read) this.#answer(read.error)
    else if (this.#session) this.#take(this.#session, read.message, frame)
    else if (read.message.msg === 'connect') this.#connect(read.message)
    else this.#answer(refusal('Must connect first', read.message))
  }

  gone(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#hub.waiting.delete(this)
    this.#hub.wheel.clear(this)
    this.#unread.leave()
    this.#session?.lost(this)
  }

  send(frame: string): boolean {
    if (this.#isClosed) return true
    this.#wire.send(frame)
    return this.#wire.buffered <= this.#hub.settings.maxBufferedBytes && this.#unread.look()
  }

  hangUp(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#hub.waiting.delete(this)
    this.#hub.wheel.clear(this)
    this.#unread.leave()
    this.#wire.close()
  }

  due(now: number, isLate: boolean): void {
    const { heartbeatInterval, heartbeatTimeout } = this.#hub.settings
    // A socket that did not begin, or gave no sign of life, is lost, not closed: its client may be on its way back. When it was this process that stood still,
    // the sign is here, but timers come before sockets are read: it counts until the next turn.
    if (!this.#session || (this.#patienceEnds > 0 && now >= this.#patienceEnds))
      return isLate ? this.#hub.wheel.set(this, now + 1) : this.#lose()
    if (now >= this.#nextLook) {
      if (!this.#isAlive && this.#patienceEnds === 0) {
        this.#session.send({ msg: 'ping' })
        this.#patienceEnds = now + heartbeatTimeout
      }
      this.#isAlive = false
      this.#nextLook += heartbeatInterval
    }
    if (this.#isClosed) return
    this.#hub.wheel.set(this, this.#patienceEnds > 0 ? Math.min(this.#patienceEnds, this.#nextLook) : this.#nextLook)
  }

  #take(session: Session, message: Incoming, frame: string): void {
    switch (message.msg) {
      case 'connect':
        return this.#answer(refusal('Already connected', message))
      // These two pass by the queue.
      case 'ping':
        return session.send({ msg: 'pong', ...(typeof message['id'] === 'string' ? { id: message['id'] } : {}) })
      case 'pong':
        return undefined
      case 'disconnect':
        return session.close()
      default:
        return session.receive(message, frame)
    }
  }

  #connect(message: Incoming): void {
    const { version, isAgreed } = agree(message)
    if (!isAgreed) {
      this.#answer({ msg: 'failed', version })
      return this.#finish()
    }
    this.#hub.waiting.delete(this)
    this.#startHeartbeat(version)
    if (this.#resume(message)) return
    const { disconnectGracePeriod } = this.#hub.settings
    const canResume = version === '1' && disconnectGracePeriod > 0 && typeof message['receivedCount'] === 'number'
    this.#session = new Session(this.#hub, this, this.#facts, canResume)
    this.#session.begin()
  }

  /** Takes up an earlier session, when the client can show that it is its own. */
  #resume({ session: id, resume, receivedCount }: Incoming): boolean {
    const earlier = typeof id === 'string' ? this.#hub.sessions.get(id) : undefined
    if (!earlier?.isKnownTo(resume, this.#facts)) return false
    this.#session = earlier
    return earlier.resume(this, this.#facts, receivedCount)
  }

  #startHeartbeat(version: DdpVersion): void {
    const { wheel, ports, settings } = this.#hub
    wheel.clear(this)
    if (version === 'pre1' || settings.heartbeatInterval === 0) return
    this.#isAlive = false
    this.#nextLook = ports.clock.now() + settings.heartbeatInterval
    wheel.set(this, this.#nextLook)
  }

  /** Says what was wrong with a message, to whoever sent it. */
  #answer(message: ServerMessage): void {
    if (this.#session) this.#session.send(message)
    else if (!this.send(JSON.stringify(message))) this.hangUp()
  }

  /** Closes the socket and its session for good. */
  #finish(): void {
    if (this.#session) this.#session.close()
    else this.hangUp()
  }

  #lose(): void {
    const session = this.#session
    this.hangUp()
    session?.lost(this)
  }
}

/** The version to speak; not agreed: the one that the client should try. */
function agree({ version, support }: Incoming): { readonly version: DdpVersion; readonly isAgreed: boolean } {
  const [best] = DDP_VERSIONS
  const offered: unknown[] = Array.isArray(support) ? support : []
  if (!offered.every(one => typeof one === 'string') || typeof version !== 'string' || !offered.includes(version))
    return { version: best, isAgreed: false }
  const chosen = offered.find(isKnown) ?? best
  return { version: chosen, isAgreed: chosen === version }
}

const isKnown = (version: unknown): version is DdpVersion => (DDP_VERSIONS as readonly unknown[]).includes(version)
