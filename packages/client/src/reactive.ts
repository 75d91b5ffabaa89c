/** What the adapters to reactive libraries share. */
import type { ClientState } from './accounts-client.ts'
import type { Source } from './source.ts'

/**
 * What can be watched of a client: that of `@latchkey/client/meteor` has all of it, that of `@latchkey/client` the first two.
 */
export interface Watchable<User = unknown> {
  readonly state: Source<ClientState>
  readonly user: Source<User | null>
  readonly userId?: Source<string | null>
  readonly loggingIn?: Source<boolean>
  readonly loggingOut?: Source<boolean>
}

/** A user as seen through an adapter. */
export type UserOf<Client> = Client extends { readonly user: Source<infer Value> } ? Value : never

/** The id of the signed-in user, of either client. */
export const userIdOf = (client: Watchable): Source<string | null> =>
  client.userId ?? partOfState(client.state, ({ user }) => user?.id ?? null)

/** Whether somebody is about to be signed in, of either client. */
export const loggingInOf = (client: Watchable): Source<boolean> =>
  client.loggingIn ?? partOfState(client.state, ({ status }) => status === 'loading')

/** Whether somebody is about to be signed out; the client without Meteor's functions does not say. */
export const loggingOutOf = (client: Watchable): Source<boolean> => client.loggingOut ?? partOfState(client.state, () => false)

const partOfState = <T>(state: Source<ClientState>, part: (state: ClientState) => T): Source<T> => ({
  get: () => part(state.get()),
  subscribe: listener => state.subscribe(value => listener(part(value))),
})
