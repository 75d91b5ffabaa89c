/** `@latchkey/client/vue`: who is signed in, as composables. */
import type { PublicUser } from '@latchkey/common'
import { getCurrentInstance, getCurrentScope, inject, onMounted, onScopeDispose, shallowReadonly, shallowRef } from 'vue'
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

/** The signed-in user, or null. Null while a page is rendered on a server and at first in the browser, so that both agree; then whoever it is. */
export function useUser(): Readonly<ShallowRef<PublicUser | null>>
export function useUser<Client extends Watchable>(client: Client): Readonly<ShallowRef<UserOf<Client> | null>>
export function useUser(client?: Watchable): Readonly<ShallowRef<unknown>> {
  return useSource((client ?? useAccounts()).user, null)
}

/** The id of the signed-in user, or null. */
export const useUserId = (client?: Watchable): Readonly<ShallowRef<string | null>> => useSource(userIdOf(client ?? useAccounts()), null)

/** True while a sign-in is under way. */
export const useLoggingIn = (client?: Watchable): Readonly<ShallowRef<boolean>> => useSource(loggingInOf(client ?? useAccounts()), false)

/** True while a sign-out is under way. */
export const useLoggingOut = (client?: Watchable): Readonly<ShallowRef<boolean>> => useSource(loggingOutOf(client ?? useAccounts()), false)

/** Who is signed in, and whether that is known yet: `loading` on a server. */
export const useAccountsState = (client?: Watchable): Readonly<ShallowRef<ClientState>> =>
  useSource((client ?? useAccounts()).state, LOADING)

/**
 * Any source of a client as a ref that follows it until its scope ends.
 * @param onServer what is rendered where nobody is signed in
 */
export function useSource<T>(source: Source<T>, onServer: T = source.get()): Readonly<ShallowRef<T>> {
  const isServer = typeof window !== 'object'
  // A component that takes over what a server rendered has its element before it is set up
  const isTakingOver = Boolean(getCurrentInstance()?.vnode.el)
  const value = shallowRef(isServer || isTakingOver ? onServer : source.get())
  const follow = (): void => {
    const stop = source.subscribe(next => void (value.value = next))
    if (getCurrentScope()) onScopeDispose(stop)
  }
  // A page that is rendered on a server has no end that would stop listening
  if (isTakingOver) onMounted(follow)
  else if (!isServer) follow()
  // Shallow: what is in it keeps its own class, and stays the same object
  return shallowReadonly(value)
}

const LOADING: ClientState = { status: 'loading', user: null }
