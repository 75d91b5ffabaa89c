import { DDP_VERSIONS, EJSON, MeteorError } from '@latchkey/common/ddp'
import { subscribe } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import { makeSource, tracked } from '../source.ts'
import type { TrackedSource } from '../source.ts'
import type { DdpCollection, DdpDocument } from './collection.ts'
import { readConnectionOptions } from './connection-options.ts'
import type { DdpConnectionOptions } from './connection-options.ts'
import { Documents } from './documents.ts'
import { guarded } from './guarded.ts'
import { Heartbeat } from './heartbeat.ts'
import { Methods } from './methods.ts'
import type { ApplyOptions, MethodCallback } from './methods.ts'
import { reconnectHooks } from './reconnect-hooks.ts'
import { Revival } from './revival.ts'
import { errorOf, readMessage, textOf, textsOf } from './server-message.ts'
import type { RawMessage } from './server-message.ts'
import { toSocketUrl } from './socket-url.ts'
import { Stream } from './stream.ts'
import type { DdpStatus } from './stream.ts'
import { Subscriptions } from './subscriptions.ts'
import type { SubscriptionCallbacks, SubscriptionHandle } from './subscriptions.ts'

/**
 * A connection to a DDP server that comes back when it is cut: methods that were not answered are sent again, subscriptions are taken up, and the documents
 * of before stay until the new ones are complete. It connects at once; `close` frees everything.
 * @example
 * import { DdpConnection } from '@latchkey/client/ddp'
 * const connection = new DdpConnection('https://example.com')
 * const tasks = connection.subscribe('tasks', { open: true }, () => console.log(connection.collection('tasks').all()))
 * await connection.call('tasks.add', 'Buy bread')
 * tasks.stop()
 * connection.close()
 */
export class DdpConnection {
  /** How it is: `connection.status()` reads, `.subscribe` tells of changes. */
  readonly status: TrackedSource<DdpStatus>
  /** Who is signed in on it, as far as this side knows; null: nobody. */
  readonly userId: TrackedSource<string | null>
  /** Called whenever a new session begins after the first one, before the methods that wait are sent; what it calls goes first. */
  onReconnect: (() => void) | null = null

  readonly #rawUrl: string
  readonly #stream: Stream
  readonly #heartbeat: Heartbeat
  readonly #documents: Documents
  readonly #revival: Revival
  readonly #methods: Methods
  readonly #subscriptions: Subscriptions
  readonly #user = makeSource<string | null>(null, () => () => {})
  readonly #steps = new Set<{ tell: () => void }>()
  /** What the server calls this session, the secret that takes it up again, and how many messages arrived in it. */
  #session: string | undefined
  #resume: string | undefined
  #received = 0
  #began = false
  #closed = false
  /** Why there is nothing to wait for, until `reconnect()`. */
  #hopeless: MeteorError | undefined
  #version: string = DDP_VERSIONS[0]
  readonly #refused = new Set<string>()

  /**
   * @param url `https://example.com`, `wss://example.com/prefix`, `example.com:3000`, or `/` for the page's own server
   * @throws TypeError for an address or an option that is none
   */
  constructor(url: string, options: DdpConnectionOptions = {}) {
    const { heartbeatInterval, heartbeatTimeout, timers, maxWaitingMethods, webSocket, connectTimeout, retry } =
      readConnectionOptions(options)
    const socketUrl = toSocketUrl(url)
    const send = (frame: string): void => this.#stream.send(frame)
    const whenShown = (work: () => void): void => this.#revival.whenShown(work)
    this.#rawUrl = url
    this.#documents = new Documents(timers)
    this.#revival = new Revival(() => this.#documents.show(), timers)
    this.#methods = new Methods({
      send,
      whenShown,
      stepFailed: () => this.#revival.hurry(),
      userId: () => this.#user.get(),
      most: maxWaitingMethods,
    })
    this.#subscriptions = new Subscriptions({ send, whenShown, arrived: id => this.#revival.arrived(`sub ${id}`) })
    const ping = (): void => send('{"msg":"ping"}')
    const dead = (): void => this.#stream.lost('The server did not answer a ping')
    this.#heartbeat = new Heartbeat(heartbeatInterval, heartbeatTimeout, timers, ping, dead)
    this.#stream = new Stream({
      url: socketUrl,
      webSocket,
      connectTimeout,
      retry,
      timers,
      opened: () => this.#opened(),
      received: frame => this.#read(frame),
      cut: () => this.#cut(),
      tooBig: () => this.#methods.giveUpBiggest(),
      impossible: reason => this.#giveUp(reason),
      awaited: () => this.#methods.waiting,
    })
    this.status = tracked(this.#stream.status)
    this.userId = tracked(this.#user)
  }

  /** @internal The address as it was given, where Meteor has it: names in storages end with it. */
  get _stream(): { readonly rawUrl: string } {
    return { rawUrl: this.#rawUrl }
  }

  /**
   * Calls a method of the server. The documents it changed are there when the promise resolves. A function in the last place is called with
   * `(error, result)` at that moment.
   * @throws MeteorError what the method threw
   */
  call(name: string, ...params: [...params: unknown[], callback: MethodCallback]): Promise<unknown>
  call(name: string, ...params: unknown[]): Promise<unknown>
  call(name: string, ...params: unknown[]): Promise<unknown> {
    const callback = params.at(-1)
    // A function cannot be sent, so one in the last place is no parameter
    if (typeof callback === 'function') return this.apply(name, params.slice(0, -1), {}, callback as MethodCallback)
    return this.apply(name, params)
  }

  /**
   * Calls a method, with options.
   * @throws MeteorError what the method threw; `too-many-methods`, `invocation-failed`, `connection-failed` and `connection-closed` come from
   * this side
   */
  apply(name: string, params: readonly unknown[], callback: MethodCallback): Promise<unknown>
  apply(name: string, params?: readonly unknown[], options?: ApplyOptions, callback?: MethodCallback): Promise<unknown>
  apply(
    name: string,
    params: readonly unknown[] = [],
    options: ApplyOptions | MethodCallback = {},
    callback?: MethodCallback,
  ): Promise<unknown> {
    if (typeof options === 'function') return this.apply(name, params, {}, options)
    const refusal = this.#closed ? closedError() : this.#hopeless
    if (refusal) guarded(() => callback?.(refusal))
    const result = refusal ? Promise.reject(refusal) : this.#methods.call(name, params, options, callback)
    // Who gave a callback hears of the error there
    if (callback) result.catch(() => {})
    this.#stream.hold()
    return result
  }

  /** {@link call}, under the name Meteor 3 has for it. */
  callAsync(name: string, ...params: unknown[]): Promise<unknown> {
    return this.call(name, ...params)
  }

  /** {@link apply}, under the name Meteor 3 has for it. */
  applyAsync(name: string, params?: readonly unknown[], options?: ApplyOptions, callback?: MethodCallback): Promise<unknown> {
    return this.apply(name, params, options, callback)
  }

  /**
   * Asks for a publication. After the parameters may stand `onReady`, or an object with `onReady`, `onStop` and `onError`.
   * @throws MeteorError `connection-closed` after `close()`
   */
  subscribe(name: string, ...params: [...params: unknown[], callbacks: SubscriptionCallbacks | (() => void)]): SubscriptionHandle
  subscribe(name: string, ...params: unknown[]): SubscriptionHandle
  subscribe(name: string, ...params: unknown[]): SubscriptionHandle {
    if (this.#closed) throw closedError()
    return this.#subscriptions.add(name, params)
  }

  /**
   * What the server has published of a collection.
   * @example
   * import { DdpConnection } from '@latchkey/client/ddp'
   * const connection = new DdpConnection('https://example.com')
   * connection.collection<{ _id: string; title: string }>('tasks').subscribe(tasks => console.log(tasks.map(task => task.title)))
   */
  collection<Document extends object = DdpDocument>(name: string): DdpCollection<Document> {
    // What is in it is known to the app and its server alone, as with `JSON.parse`
    return this.#documents.collection(name) as unknown as DdpCollection<Document>
  }

  /** Says who is signed in: for what signs people in over this connection. Tells the server nothing. */
  setUserId(id: string | null): void {
    this.#user.set(id)
  }

  /**
   * For what signs in again on a new session, as soon as the server has said who that is: what was called while somebody else was signed in, and was not answered,
   * fails with `invocation-failed` and is not sent again.
   */
  leaveTo(userId: string): void {
    this.#methods.leaveTo(userId)
  }

  /**
   * Adds what has to be done first on each new session after the first one, like signing in again. It runs before `onReconnect`; what it calls is sent
   * before all that waits, which with `wait: true` is sent only then. Its calls belong to that session: when it is cut before they are answered, they are
   * dropped without a word, for the step runs again on the next one. A session that the server kept needs no step.
   */
  addReconnectStep(step: () => void): Stop {
    return subscribe(this.#steps, { tell: step })
  }

  /** Tries at once, unless it is connected or trying. */
  reconnect(): void {
    if (this.#closed) return
    this.#hopeless = undefined
    this.#stream.reconnect()
  }

  /** Leaves, until `reconnect()`. What was not answered is kept for then. */
  disconnect(): void {
    this.#goodbye()
    this.#stream.disconnect()
  }

  /** Leaves for good: what was not answered fails with `connection-closed`, subscriptions end, and nothing is left that could keep Node alive. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#goodbye()
    this.#stream.close()
    this.#subscriptions.close()
    this.#methods.fail(closedError())
    this.#documents.close()
  }

  #opened(): void {
    if (this.#session === undefined) this.#received = 0
    const [session, resume, receivedCount] = [this.#session, this.#resume, this.#received]
    this.#stream.send(JSON.stringify({ msg: 'connect', version: this.#version, support: DDP_VERSIONS, session, resume, receivedCount }))
    // Nothing to take up again: what is to be sent need not wait for the answer
    if (this.#session === undefined) this.#begin()
  }

  #connected(session: string | undefined, resume: string | undefined): void {
    this.#refused.clear()
    const [wanted, began] = [this.#session, this.#session === undefined]
    this.#session = session
    this.#resume = resume
    this.#stream.agreed()
    // Whoever was told of it may have left at once
    if (!this.#stream.connected) return
    if (this.#version !== 'pre1') this.#heartbeat.start()
    if (!began && session === wanted) {
      // A server that hands out secrets for this knows what it has had
      if (this.#methods.resume(resume !== undefined)) this.#subscriptions.resume()
      this.#revival.await([])
      return
    }
    this.#received = 1
    if (!began) this.#begin()
  }

  /** A session that knows nothing. */
  #begin(): void {
    const again = this.#began
    this.#began = true
    // The first time there is nothing that should stay until the new is complete
    if (again) {
      this.#revival.start()
      this.#documents.stage()
    }
    const methods = this.#methods.begin(() => again && this.#runSteps())
    if (!methods) return
    const subscriptions = this.#subscriptions.begin()
    this.#revival.await([...methods.map(id => `method ${id}`), ...subscriptions.map(id => `sub ${id}`)])
  }

  #runSteps(): void {
    for (const { tell } of this.#steps) guarded(tell)
    guarded(() => this.onReconnect?.())
    for (const { tell } of reconnectHooks()) guarded(() => tell(this))
  }

  #read(frame: string): void {
    const message = readMessage(frame)
    if (!message) return
    this.#heartbeat.heard()
    if (message.msg !== 'ping' && message.msg !== 'pong') this.#received++
    // What one message has wrong must not stop the next one
    guarded(() => this.#process(message))
  }

  #process(message: RawMessage): void {
    const id = textOf(message['id'])
    switch (message.msg) {
      case 'connected':
        return this.#connected(textOf(message['session']), textOf(message['resume']))
      case 'failed':
        return this.#negotiate(textOf(message['version']))
      case 'ping':
        return this.#stream.send(JSON.stringify({ msg: 'pong', id }))
      case 'added':
      case 'changed':
      case 'removed':
        return this.#documents.apply(message)
      case 'ready':
        for (const one of textsOf(message['subs'])) this.#subscriptions.ready(one)
        return
      case 'nosub':
        if (id !== undefined) this.#subscriptions.ended(id, message['error'] ? errorOf(message['error']) : undefined)
        return
      case 'result':
        if (id !== undefined) this.#methods.answered(id, outcomeOf(message))
        return
      case 'updated':
        for (const one of textsOf(message['methods'])) {
          this.#revival.arrived(`method ${one}`)
          this.#methods.updated(one)
        }
        return
      case 'error':
        // Without the message it complains of, which may hold a password
        console.error(`The DDP server complained: ${textOf(message['reason'])}`)
    }
  }

  #negotiate(version: string | undefined): void {
    this.#refused.add(this.#version)
    const suggested = DDP_VERSIONS.find(one => one === version && !this.#refused.has(one))
    if (!suggested) return this.#giveUp(`The server speaks no version of DDP that this client does; it asks for "${version}"`)
    this.#version = suggested
    this.#stream.again()
  }

  /** No attempt will fare better: whoever waits is told why, or would wait forever. */
  #giveUp(reason: string): void {
    const error = new MeteorError('connection-failed', reason)
    // First: whoever is told of the failure may try again
    this.#hopeless = error
    this.#stream.fail(reason)
    this.#methods.fail(error)
  }

  #goodbye(): void {
    if (this.#stream.connected) this.#stream.send('{"msg":"disconnect"}')
    this.#session = undefined
    this.#resume = undefined
  }

  #cut(): void {
    this.#heartbeat.stop()
    this.#revival.cut()
    this.#methods.cut()
    this.#subscriptions.cut()
  }
}

function outcomeOf({ error, result }: RawMessage): { error?: MeteorError; result?: unknown } {
  if (error !== undefined) return { error: errorOf(error) }
  try {
    return { result: EJSON.fromJSONValue(result) }
  } catch {
    return { error: new MeteorError('malformed-result', 'The server sent a result that cannot be read') }
  }
}

const closedError = (): MeteorError => new MeteorError('connection-closed', 'This connection was closed')
