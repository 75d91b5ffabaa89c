/** One client: who is signed in, what it subscribed to, and which of its messages is being answered. */
import type { ServerMessage } from '@latchkey/common/ddp'
import type { Connection } from '../../wire/connection.ts'
import { boundToInvocation } from '../../wire/invocation.ts'
import { ConnectionHandle } from './connection-handle.ts'
import { toWireError } from './errors.ts'
import type { Hub } from './hub.ts'
import { newId } from './ids.ts'
import type { Share } from './load.ts'
import { MergeBox, SILENT } from './merge-box.ts'
import type { BoxSink } from './merge-box.ts'
import { isMethod } from './read-message.ts'
import type { Incoming } from './read-message.ts'
import { KEPT_FRAMES } from './options.ts'
import { looksAlike, Resumption } from './resumption.ts'
import { Subscription } from './subscription.ts'
import { Turns } from './turns.ts'
import type { DdpFacts } from '../../wire/ddp-socket.ts'
import type { PublishHandler } from './types.ts'
import { NOWHERE } from './wheel.ts'
import type { Timed } from './wheel.ts'

/** The end of a socket that a session speaks to. */
export interface Line {
  /** False: the client reads too slowly. */
  send(frame: string): boolean
  /** Closes the socket, which is no longer this session's. */
  hangUp(): void
}

/** How long a sign-in waits for publications that take their time. The client gets what they have to tell all the same, later. */
const RERUN_PATIENCE = 10_000

/** What subscriptions had to say while the client's set was being changed for another user. */
interface Held {
  readonly ready: string[]
  readonly nosub: ServerMessage[]
}

export class Session implements BoxSink, Timed {
  readonly id: string
  readonly hub: Hub
  facts: DdpFacts
  userId: string | null = null
  /** What is kept for this client. */
  readonly share: Share
  box: MergeBox = new MergeBox(this)
  readonly resumption: Resumption | null
  place = NOWHERE
  /** Null while the client is away. */
  #line: Line | null
  /** Messages the client was sent, `ping` and `pong` left out. */
  #sent = 0
  readonly #turns: Turns = new Turns(this)
  readonly #named = new Map<string, Subscription>()
  /** Of what the client asked for by name. */
  #namedSize = 0
  #universal: Subscription[] = []
  #held: Held | null = null
  #switching: Promise<void> | null = null
  #connection: ConnectionHandle | null = null
  #closeListeners: (() => unknown)[] | null = null
  #hasBegun = false
  #isOver = false

  constructor(hub: Hub, line: Line, facts: DdpFacts, canResume: boolean) {
    this.hub = hub
    this.id = newId(hub.ports.chance)
    this.facts = facts
    this.share = hub.load.share(facts.clientAddress)
    this.resumption = canResume ? new Resumption() : null
    this.#line = line
  }

  get connection(): Connection {
    return (this.#connection ??= new ConnectionHandle(this))
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Greets the client, tells the app, finds out who a cookie says it is, and starts what is published to everybody. */
  begin(): void {
    const { hub } = this
    hub.sessions.set(this.id, this)
    this.#greet()
    for (const listener of hub.connectionListeners) hub.tell(() => listener(this.connection), 'a new connection')
    void this.#arrive()
  }

  /** A message of the client, and the text it was read from, to be answered in its turn. */
  receive(message: Incoming, frame: string): void {
    if (this.#isOver) return
    if (this.resumption && isMethod(message)) {
      if (this.resumption.hasHadCall(message.id)) return
      this.resumption.began(message.id)
    }
    if (this.#turns.take(message, frame)) return
    this.hub.ports.log.warn({ connectionId: this.id }, 'a DDP client sent more than is kept until it is answered, and was closed')
    this.close()
  }

  send(message: ServerMessage): void {
    if (this.#isOver) return
    const isCounted = message.msg !== 'ping' && message.msg !== 'pong'
    if (this.resumption && message.msg === 'result') this.resumption.ended(message.id, this.#line === null)
    const frame = JSON.stringify(message)
    if (this.#line) {
      if (isCounted) this.#sent += 1
      if (this.#line.send(frame)) return
      this.hub.ports.log.warn({ connectionId: this.id }, 'a DDP client reads slower than it is sent, and was closed')
      this.close()
    } else if (this.resumption && isCounted) {
      const { maxMessageQueueLength, maxBufferedBytes } = this.hub.settings
      const isKept = this.share.take(frame.length) && this.resumption.keep(frame, maxMessageQueueLength, maxBufferedBytes)
      if (!isKept) this.close()
    }
  }

  /** Signs in another user, or nobody: every publication is run anew, and the client is sent the difference. */
  async setUserId(userId: string | null): Promise<void> {
    const before = this.#switching
    const switching = before ? before.then(() => this.#switchTo(userId)) : this.#switchTo(userId)
    this.#switching = switching
    try {
      await switching
    } finally {
      if (this.#switching === switching) this.#switching = null
    }
  }

  named(id: string): Subscription | undefined {
    return this.#named.get(id)
  }

  /** Whether there is room for one more subscription of that size. */
  hasRoomFor(size: number): boolean {
    const { maxSubscriptions, maxFrameBytes } = this.hub.settings
    return this.#named.size < maxSubscriptions && this.#namedSize + size <= KEPT_FRAMES * maxFrameBytes
  }

  /** False: all clients together, or those of this address, have too much. */
  keep(id: string, subscription: Subscription): boolean {
    if (!this.share.take(subscription.asked.size)) return false
    this.#named.set(id, subscription)
    this.#namedSize += subscription.asked.size
    return true
  }

  /** Runs a publication that nobody has to ask for. */
  publishToAll(handler: PublishHandler): void {
    // Before its time has come, it is one of those that are started then.
    if (this.#isOver || !this.#hasBegun) return
    const subscription = new Subscription(this, { id: null, name: null, params: '[]', size: 0, handler })
    this.#universal.push(subscription)
    void subscription.run()
  }

  ready(id: string): void {
    if (this.#held) this.#held.ready.push(id)
    else this.send({ msg: 'ready', subs: [id] })
  }

  /** Ends a subscription of this client, which is told. */
  end(subscription: Subscription, ...because: [error?: unknown]): void {
    const { id, name } = subscription.asked
    subscription.close('withdraw')
    const about = { publication: name, connectionId: this.id }
    const error = because.length > 0 ? { error: toWireError(because[0], this.hub.ports.log, about) } : {}
    if (id === null) {
      this.#universal = this.#universal.filter(one => one !== subscription)
      return
    }
    if (this.#named.get(id) === subscription) {
      this.#named.delete(id)
      this.#namedSize -= subscription.asked.size
      this.share.give(subscription.asked.size)
    }
    this.nosub({ msg: 'nosub', id, ...error })
  }

  /** The client wants no more of it. It is told so, also of a subscription that it has not. */
  unsubscribe(id: string): void {
    const subscription = this.#named.get(id)
    if (subscription) this.end(subscription)
    else this.nosub({ msg: 'nosub', id })
  }

  nosub(message: ServerMessage): void {
    if (this.#held) this.#held.nosub.push(message)
    else this.send(message)
  }

  added(collection: string, id: string, fields: Record<string, unknown>): void {
    this.send({ msg: 'added', collection, id, fields })
  }

  changed(collection: string, id: string, fields: Record<string, unknown>, cleared: string[]): void {
    const hasFields = Object.keys(fields).length > 0
    this.send({ msg: 'changed', collection, id, ...(hasFields ? { fields } : {}), ...(cleared.length > 0 ? { cleared } : {}) })
  }

  removed(collection: string, id: string): void {
    this.send({ msg: 'removed', collection, id })
  }

  onClose(listener: () => unknown): void {
    if (this.#isOver) this.hub.tell(listener, 'the end of a connection')
    else (this.#closeListeners ??= []).push(boundToInvocation(listener))
  }

  /** Ends the session for good, also one whose client is away. */
  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    const { hub } = this
    hub.sessions.delete(this.id)
    hub.wheel.clear(this)
    hub.parked.delete(this)
    this.#line?.hangUp()
    this.#line = null
    this.#turns.clear()
    // What is still being answered is given back when it is.
    this.share.give(this.#namedSize + sizeOf(this.resumption?.resume()))
    this.#namedSize = 0
    const subscriptions = [...this.#universal, ...this.#named.values()]
    this.#universal = []
    // First: a listener of the end of one may stop another, which is given back already.
    this.#named.clear()
    for (const subscription of subscriptions) subscription.close('leave')
    const listeners = this.#closeListeners ?? []
    this.#closeListeners = null
    for (const listener of listeners) hub.tell(listener, 'the end of a connection')
  }

  /** The socket broke. A client that can take up its session again gets some time for it. */
  lost(line: Line): void {
    if (line !== this.#line) return
    this.#line = null
    const { hub, resumption } = this
    if (!resumption || hub.isStopped) return this.close()
    resumption.park()
    hub.parked.add(this)
    hub.wheel.set(this, hub.ports.clock.now() + hub.settings.disconnectGracePeriod)
  }

  /** The client did not come back in time. */
  due(): void {
    this.close()
  }

  /** True when whoever sends this is the client that began the session. */
  isKnownTo(secret: unknown, facts: DdpFacts): boolean {
    return this.resumption !== null && looksAlike(this.facts, facts) && this.resumption.accepts(secret)
  }

  /** Goes on over another socket. False: the client misses something that was sent, and the session has ended. */
  resume(line: Line, facts: DdpFacts, receivedCount: unknown): boolean {
    if (!this.resumption || receivedCount !== this.#sent) {
      this.close()
      return false
    }
    this.hub.wheel.clear(this)
    this.hub.parked.delete(this)
    this.#line?.hangUp()
    this.#line = line
    this.facts = facts
    const frames = this.resumption.resume()
    this.share.give(sizeOf(frames))
    this.#greet()
    for (const frame of frames) {
      this.#sent += 1
      line.send(frame)
    }
    return true
  }

  #greet(): void {
    const resume = this.resumption?.issue(this.hub.ports.chance)
    this.send({ msg: 'connected', session: this.id, ...(resume === undefined ? {} : { resume }) })
  }

  /** Never rejects. */
  async #arrive(): Promise<void> {
    const { hub, facts } = this
    try {
      if (facts.loginCookie !== undefined) this.userId = await this.#userOfCookie(facts.loginCookie)
    } catch (error) {
      hub.ports.log.error({ err: error, connectionId: this.id }, 'a login cookie could not be looked at')
    }
    this.#hasBegun = true
    for (const handler of hub.universal) this.publishToAll(handler)
    this.#turns.free()
  }

  async #userOfCookie(cookie: string): Promise<string | null> {
    for (const gate of this.hub.gates) {
      // The first who knows it decides.
      const userId = await gate.arrive(this.connection, cookie)
      if (userId !== null) return userId
    }
    return null
  }

  async #switchTo(userId: string | null): Promise<void> {
    this.userId = userId
    if (this.#isOver) return
    const before = this.box
    const held: Held = { ready: [], nosub: [] }
    this.#held = held
    this.box = new MergeBox(SILENT)
    const earlier = [...this.#universal, ...this.#named.values()]
    const anew = earlier.map(({ asked }) => new Subscription(this, asked))
    this.#universal = anew.filter(({ asked }) => asked.id === null)
    for (const one of anew) if (one.asked.id !== null) this.#named.set(one.asked.id, one)
    for (const one of earlier) one.close('leave')
    await this.#within(RERUN_PATIENCE, Promise.all(anew.map(one => one.run())))
    this.#held = null
    this.box.succeed(before, this)
    if (held.ready.length > 0) this.send({ msg: 'ready', subs: held.ready })
    for (const message of held.nosub) this.send(message)
  }

  #within(milliseconds: number, work: Promise<unknown>): Promise<void> {
    return new Promise(resolve => {
      const stop = this.hub.ports.timers.after(milliseconds, resolve)
      void work.finally(() => {
        stop()
        resolve()
      })
    })
  }
}

const sizeOf = (frames: readonly string[] = []): number => frames.reduce((sum, { length }) => sum + length, 0)
