import { EJSON } from '@latchkey/common/ddp'
import type { MeteorError } from '@latchkey/common/ddp'
import { makeSource, tracked } from '../source.ts'
import type { OwnSource, TrackedSource } from '../source.ts'
import { guarded } from './guarded.ts'

/** What is told of a subscription. A function in its place is `onReady`. */
export interface SubscriptionCallbacks {
  /** Everything it publishes at first has arrived. */
  onReady?(): void
  /** It is over: the server ended it, with an error or without, or `stop` did. */
  onStop?(error?: MeteorError): void
  /** The server refused or ended it with an error. */
  onError?(error: MeteorError): void
}

/** A publication that is sent to this connection, also after it was cut, until it is stopped. */
export interface SubscriptionHandle {
  readonly subscriptionId: string
  readonly ready: TrackedSource<boolean>
  stop(): void
}

interface Subscription {
  readonly id: string
  readonly frame: string
  readonly callbacks: SubscriptionCallbacks
  readonly ready: OwnSource<boolean>
  /** On the session of now. */
  sent: boolean
  /** The session of now has said that it is ready. It can be so for us from an earlier one. */
  confirmed: boolean
}

/** What {@link Subscriptions} needs of its connection. */
export interface SubscriptionsPort {
  send(frame: string): void
  /** Runs the work when everything that has arrived is shown. */
  whenShown(work: () => void): void
  /** Nobody need wait for it any more. */
  arrived(id: string): void
}

/** The subscriptions that live. */
export class Subscriptions {
  readonly #port: SubscriptionsPort
  readonly #live = new Map<string, Subscription>()
  /** Ends that the server may not have heard of. */
  readonly #ending = new Set<string>()
  #lastId = 0
  #open = false

  constructor(port: SubscriptionsPort) {
    this.#port = port
  }

  add(name: string, given: readonly unknown[]): SubscriptionHandle {
    const { params, callbacks } = splitCallbacks(given)
    const id = `s${++this.#lastId}`
    const frame = JSON.stringify({ msg: 'sub', id, name, params: params.map(one => EJSON.toJSONValue(one)) })
    const ready = makeSource(false, () => () => {})
    const subscription = { id, frame, callbacks, ready, sent: false, confirmed: false }
    this.#live.set(id, subscription)
    if (this.#open) this.#send(subscription)
    return { subscriptionId: id, ready: tracked(ready), stop: () => this.#stop(id) }
  }

  /**
   * A new session, which knows of none.
   * @returns the ids of those that were ready, and whose documents are still shown
   */
  begin(): string[] {
    this.#open = true
    this.#ending.clear()
    for (const subscription of this.#live.values()) {
      subscription.confirmed = false
      this.#send(subscription)
    }
    return [...this.#live.values()].filter(({ ready }) => ready.get()).map(({ id }) => id)
  }

  /** The old session goes on; what may have been lost in the cut is said again. */
  resume(): void {
    this.#open = true
    for (const id of this.#ending) this.#port.send(JSON.stringify({ msg: 'unsub', id }))
    for (const subscription of this.#live.values()) {
      if (!subscription.confirmed) this.#send(subscription)
    }
  }

  cut(): void {
    this.#open = false
  }

  ready(id: string): void {
    const subscription = this.#live.get(id)
    if (!subscription) return
    subscription.confirmed = true
    this.#port.arrived(id)
    this.#port.whenShown(() => {
      if (subscription.ready.get() || this.#live.get(id) !== subscription) return
      subscription.ready.set(true)
      // Whoever saw that may have stopped it
      if (this.#live.has(id)) guarded(() => subscription.callbacks.onReady?.())
    })
  }

  ended(id: string, error: MeteorError | undefined): void {
    this.#ending.delete(id)
    this.#port.arrived(id)
    this.#port.whenShown(() => this.#end(id, error))
  }

  /** Ends all, on this side only. */
  close(): void {
    for (const id of this.#live.keys()) this.#end(id, undefined)
  }

  #stop(id: string): void {
    const subscription = this.#live.get(id)
    if (!subscription) return
    if (this.#open) this.#port.send(JSON.stringify({ msg: 'unsub', id }))
    if (subscription.sent) this.#ending.add(id)
    this.#end(id, undefined)
    this.#port.arrived(id)
  }

  #send(subscription: Subscription): void {
    subscription.sent = true
    this.#port.send(subscription.frame)
  }

  #end(id: string, error: MeteorError | undefined): void {
    const subscription = this.#live.get(id)
    if (!subscription) return
    this.#live.delete(id)
    subscription.ready.set(false)
    if (error) guarded(() => subscription.callbacks.onError?.(error))
    guarded(() => subscription.callbacks.onStop?.(error))
  }
}

const CALLBACKS = ['onReady', 'onStop', 'onError'] as const

/** Callbacks stand last, after the parameters. */
export function splitCallbacks(given: readonly unknown[]): { params: readonly unknown[]; callbacks: SubscriptionCallbacks } {
  const last = given.at(-1)
  if (typeof last === 'function') return { params: given.slice(0, -1), callbacks: { onReady: last as () => void } }
  if (typeof last === 'object' && last !== null && CALLBACKS.some(name => typeof (last as SubscriptionCallbacks)[name] === 'function')) {
    return { params: given.slice(0, -1), callbacks: last }
  }
  return { params: given, callbacks: {} }
}
