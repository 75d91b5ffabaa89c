/** `@latchkey/client/tracker`: computations of Meteor's Tracker run again when what they read of a client changes. */
import { stopOf } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { DdpConnection } from '../ddp/index.ts'
import type { Source, TrackedSource } from '../source.ts'
import { keepSubscriptions } from './subscriptions.ts'
import type { TrackerComputation, TrackerLike } from './tracker.ts'

export type { TrackerComputation, TrackerLike } from './tracker.ts'

/** A source whose reads can be noticed. */
export type Readable = Pick<TrackedSource<unknown>, 'subscribe' | 'onRead'>

/** What can be tracked of a connection. */
export interface TrackableConnection extends Pick<DdpConnection, 'subscribe'> {
  readonly status: Readable
  readonly userId: Readable
}

/** What can be tracked of a client. */
export interface Trackable {
  readonly user: Readable
  readonly userId: Readable
  readonly loggingIn: Readable
  readonly loggingOut: Readable
  readonly loginServicesConfigured: Readable
  readonly connection: TrackableConnection
}

/**
 * From now on `user()`, `userId()`, `loggingIn()`, `loggingOut()` and `loginServicesConfigured()` count in computations, and of the client's connection what
 * {@link trackConnection} says. A computation that reads some fields of the user runs again when those change, and no others.
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
  const { user, userId, loggingIn, loggingOut, loginServicesConfigured, connection } = accounts
  const reads = [user, userId, loggingIn, loggingOut, loginServicesConfigured].map(source => noticeReads(source, tracker))
  return stopAll([...reads, trackConnection(connection, tracker)])
}

/**
 * From now on `status()`, `userId()` and the `ready()` of subscriptions count in computations, and a subscription that is made in a computation ends with it.
 * When the computation runs again and asks for the same, the subscription goes on: the server hears of nothing, and an `onReady` is called again. For
 * connections that no accounts client has; {@link trackWith} does it for that of a client.
 * @example
 * import { DDP } from '@latchkey/client/ddp'
 * import { trackConnection } from '@latchkey/client/tracker'
 * import type { TrackerLike } from '@latchkey/client/tracker'
 *
 * export function follow(Tracker: TrackerLike & { autorun(run: () => void): { stop(): void } }, list: () => string) {
 *   const connection = DDP.connect('https://example.com')
 *   trackConnection(connection, Tracker)
 *   return Tracker.autorun(() => {
 *     const tasks = connection.subscribe('tasks', list())
 *     console.log(tasks.ready() ? 'all there' : '…')
 *   })
 * }
 */
export function trackConnection(connection: TrackableConnection, tracker: TrackerLike): Stop {
  return stopAll([
    noticeReads(connection.status, tracker),
    noticeReads(connection.userId, tracker),
    keepSubscriptions(connection, tracker, ({ ready }) => void noticeReads(ready, tracker)),
  ])
}

const noticeReads = (source: Readable, tracker: TrackerLike): Stop =>
  source.onRead(read => {
    const computation = tracker.currentComputation
    if (computation) depend(computation, source, read)
  })

const stopAll = (stops: readonly Stop[]): Stop =>
  stopOf(() => {
    for (const stop of stops) stop()
  })

function depend(computation: TrackerComputation, source: Pick<Source<unknown>, 'subscribe'>, read: () => unknown): void {
  // Parts of a user are made anew at each reading: compared by what is in them
  const seen = JSON.stringify(read())
  const stop = source.subscribe(() => {
    if (JSON.stringify(read()) !== seen) computation.invalidate()
  })
  computation.onInvalidate(stop)
}
