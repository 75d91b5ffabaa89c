/**
 * `@latchkey/client/svelte`: who is signed in, as stores. Every source of a client is a store already: `$user` works on `accounts.user` itself. What is here
 * gives either client the same five.
 */
import type { ClientState } from '../accounts-client.ts'
import { loggingInOf, loggingOutOf, userIdOf } from '../reactive.ts'
import type { UserOf, Watchable } from '../reactive.ts'
import type { Source } from '../source.ts'

export type { UserOf, Watchable } from '../reactive.ts'

/** What `$` reads: see `Readable` of `svelte/store`. */
export interface AccountsStores<Client> {
  readonly state: Source<ClientState>
  /** The signed-in user, or null. */
  readonly user: Source<UserOf<Client> | null>
  readonly userId: Source<string | null>
  readonly loggingIn: Source<boolean>
  readonly loggingOut: Source<boolean>
}

/**
 * The stores of a client.
 * @example
 * import { AccountsClient } from '@latchkey/client/meteor'
 * import { accountsStores } from '@latchkey/client/svelte'
 * export const { user, userId, loggingIn } = accountsStores(new AccountsClient({ ddpUrl: 'https://accounts.example.com' }))
 * // In a component: {#if $user} Hello {$user.username} {/if}
 */
export const accountsStores = <Client extends Watchable>(client: Client): AccountsStores<Client> => ({
  state: client.state,
  // The same source, under the type the client has for it
  user: client.user as Source<UserOf<Client> | null>,
  userId: userIdOf(client),
  loggingIn: loggingInOf(client),
  loggingOut: loggingOutOf(client),
})
