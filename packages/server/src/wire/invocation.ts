/** On whose behalf code runs: known to everything a request calls, however deep, without being handed down. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Connection } from './connection.ts'

/** One request that is being answered: a route, a resolver, a method or a publication. */
export interface Invocation {
  /** Who is signed in there. */
  readonly userId: string | null
  /** The socket it came by; null for a request that has none. */
  readonly connection: Connection | null
  /** What was called, and with what: a DDP method's name and arguments. */
  readonly methodName?: string
  readonly methodArguments?: readonly unknown[]
  /** For example `rest` or `ddp`. */
  readonly transport: string
}

const current = new AsyncLocalStorage<Invocation | undefined>()

/**
 * Runs the work on behalf of this invocation. What the work starts and does not wait for runs on its behalf too.
 * @example
 * const invocation = { userId: 'ada', connection: null, transport: 'rest' }
 * await runInvocation(invocation, async () => console.log(currentInvocation()?.userId)) // ada
 */
export const runInvocation = <T>(invocation: Invocation, work: () => T): T => current.run(invocation, work)

/** The invocation this code runs on behalf of; undefined outside of any. */
export const currentInvocation = (): Invocation | undefined => current.getStore()

/**
 * Runs the work on nobody's behalf: for what one request happens to set going and concerns others, or outlives it. It would be taken for the caller's, and keep
 * what they sent.
 */
export const runOutside = <T>(work: () => T): T => current.run(undefined, work)

/** The listener, to run on behalf of whoever it is registered by, and not of whoever happens to cause the event. */
export function boundToInvocation(listener: () => void): () => void {
  const around = current.getStore()
  return () => current.run(around, listener)
}
