/** `@latchkey/client/tracker`: computations of Meteor's Tracker run again when what they read of a client changes. */
import { stopOf } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { TrackedSource } from '../source.ts'

/** What is used of a `Tracker`: that of Meteor, or one that is made like it. */
export interface TrackerLike {
  readonly currentComputation: TrackerComputation | null | undefined
}

/** A computation of it. */
export interface TrackerComputation {
  invalidate(): void
  onInvalidate(callback: () => void): unknown
}

/** What can be tracked of a client. */
export interface Trackable {
  readonly user: Pick<TrackedSource<unknown>, 'subscribe' | 'onRead'>
  readonly userId: Pick<TrackedSource<unknown>, 'subscribe' | 'onRead'>
  readonly loggingIn: Pick<TrackedSource<unknown>, 'subscribe' | 'onRead'>
  readonly loggingOut: Pick<TrackedSource<unknown>, 'subscribe' | 'onRead'>
  readonly loginServicesConfigured: Pick<TrackedSource<unknown>, 'subscribe' | 'onRead'>
}

/**
 * From now on `user()`, `userId()`, `loggingIn()`, `loggingOut()` and `loginServicesConfigured()` count in computations. A computation that reads some
 * fields of the user runs again when those change, and no others.
 * @example
 * import { AccountsClient } from '@latchkey/client/meteor'
 * import { trackWith } from '@latchkey/client/tracker'
 * import type { TrackerLike } from '@latchkey/client/tracker'
 *
 * export function greet(Tracker: TrackerLike & { autorun(run: () => void): unknown }) {
 *   const accounts = new AccountsClient({ ddpUrl: 'https://accounts.example.com' })
 *   trackWith(accounts, Tracker)
 *   Tracker.autorun(() => console.log(`Hello ${accounts.user()?.username ?? 'stranger'}`))
 * }
 */
export function trackWith(accounts: Trackable, tracker: TrackerLike): Stop {
  const { user, userId, loggingIn, loggingOut, loginServicesConfigured } = accounts
  const stops = [user, userId, loggingIn, loggingOut, loginServicesConfigured].map(source =>
    source.onRead(read => {
      const computation = tracker.currentComputation
      if (computation) depend(computation, source, read)
    }),
  )
  return stopOf(() => {
    for (const stop of stops) stop()
  })
}

function depend(computation: TrackerComputation, source: Trackable['user'], read: () => unknown): void {
  // Parts of a user are made anew at each reading: compared by what is in them
  const seen = JSON.stringify(read())
  const stop = source.subscribe(() => {
    if (JSON.stringify(read()) !== seen) computation.invalidate()
  })
  computation.onInvalidate(stop)
}
