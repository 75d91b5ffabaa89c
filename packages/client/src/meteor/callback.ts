import type { ReportedError } from '@latchkey/common/meteor'

/** How Meteor's functions report: the error first. */
export type Callback<T = void> = (error?: ReportedError, result?: T) => void

/** Tells the callback how it ended; without one the promise itself is the answer. */
export function answer<T>(promise: Promise<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
  if (!callback) return promise
  void report(promise, callback)
  return undefined
}

/** What a callback throws is its own: it comes up as an error that nobody handled. */
export async function report<T>(promise: Promise<T>, callback: Callback<T>): Promise<void> {
  let result: T
  try {
    result = await promise
  } catch (error) {
    callback(errorOf(error))
    return
  }
  callback(undefined, result)
}

/** A mistake of the caller: told to the callback, thrown at once where there is none. */
export function refuse(error: unknown, callback: Callback<never> | undefined): undefined {
  if (!callback) throw error
  callback(errorOf(error))
  return undefined
}

/** JavaScript can throw anything, and a hook of the app is JavaScript; whoever looks at a callback's error looks at its `message`. */
export const errorOf = (thrown: unknown): ReportedError => (thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown }))
