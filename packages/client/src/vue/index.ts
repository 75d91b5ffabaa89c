/** `@latchkey/client/vue`: who is signed in, as composables. */
import type { PublicUser } from '@latchkey/common'
import { getCurrentScope, inject, onScopeDispose, readonly, shallowRef } from 'vue'
import type { App, InjectionKey, ShallowRef } from 'vue'
import type { ClientState } from '../accounts-client.ts'
import { loggingInOf, loggingOutOf, userIdOf } from '../reactive.ts'
import type { UserOf, Watchable } from '../reactive.ts'
import type { Source } from '../source.ts'

export type { UserOf, Watchable } from '../reactive.ts'

const KEY: InjectionKey<Watchable<PublicUser>> = Symbol('accounts')

/**
 * Makes a client known to the composables of an app.
 * @example
 * import { createApp } from 'vue'
 * import { AccountsClient } from '@latchkey/client/meteor'
 * import { accountsPlugin } from '@latchkey/client/vue'
 * createApp({}).use(accountsPlugin(new AccountsClient({ ddpUrl: 'https://accounts.example.com' })))
 */
export const accountsPlugin = (client: Watchable<PublicUser>): { install(app: App): void } => ({
  install: app => void app.provide(KEY, client),
})

/** The client of the app. @throws Error when it has none */
export function useAccounts(): Watchable<PublicUser> {
  const client = inject(KEY, null)
  if (!client) throw new Error('This app has no accounts: use accountsPlugin, or give the composable a client')
  return client
}

/** The signed-in user, or null. On a server it stays what it was. */
export function useUser(): Readonly<ShallowRef<PublicUser | null>>
export function useUser<Client extends Watchable>(client: Client): Readonly<ShallowRef<UserOf<Client> | null>>
export function useUser(client?: Watchable): Readonly<ShallowRef<unknown>> {
  return useSource((client ?? useAccounts()).user)
}

/** The id of the signed-in user, or null. */
export const useUserId = (client?: Watchable): Readonly<ShallowRef<string | null>> => useSource(userIdOf(client ?? useAccounts()))

/** True while a sign-in is under way. */
export const useLoggingIn = (client?: Watchable): Readonly<ShallowRef<boolean>> => useSource(loggingInOf(client ?? useAccounts()))

/** True while a sign-out is under way. */
export const useLoggingOut = (client?: Watchable): Readonly<ShallowRef<boolean>> => useSource(loggingOutOf(client ?? useAccounts()))

/** Who is signed in, and whether that is known yet. */
export const useAccountsState = (client?: Watchable): Readonly<ShallowRef<ClientState>> => useSource((client ?? useAccounts()).state)

/** Any source of a client as a ref that follows it until its scope ends. */
export function useSource<T>(source: Source<T>): Readonly<ShallowRef<T>> {
  const value = shallowRef(source.get())
  // A page that is rendered on a server has no end that would stop listening
  if (typeof window === 'object') {
    const stop = source.subscribe(next => void (value.value = next))
    if (getCurrentScope()) onScopeDispose(stop)
  }
  return readonly(value) as Readonly<ShallowRef<T>>
}
