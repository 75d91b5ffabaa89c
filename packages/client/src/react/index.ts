/** `@latchkey/client/react`: who is signed in, as hooks. */
import { createContext, createElement, useContext, useMemo, useSyncExternalStore } from 'react'
import type { ReactElement, ReactNode } from 'react'
import type { ClientState } from '../accounts-client.ts'
import { loggingInOf, loggingOutOf, userIdOf } from '../reactive.ts'
import type { UserOf, Watchable } from '../reactive.ts'
import type { Source } from '../source.ts'
import type { PublicUser } from '@latchkey/common'

export type { UserOf, Watchable } from '../reactive.ts'

const Context = createContext<Watchable<PublicUser> | null>(null)

/** Hands a client to the hooks below it. Each page, and each request on a server, has its own. */
export function AccountsProvider({ client, children }: { client: Watchable<PublicUser>; children?: ReactNode }): ReactElement {
  return createElement(Context.Provider, { value: client }, children)
}

/** The client of the nearest {@link AccountsProvider}. @throws Error when there is none */
export function useAccounts(): Watchable<PublicUser> {
  const client = useContext(Context)
  if (!client) throw new Error('There is no AccountsProvider around this component: add one, or give the hook a client')
  return client
}

/**
 * The signed-in user, or null. Null while a page is rendered on a server and at first in the browser, so that both agree; then whoever it is.
 * @param client without it, that of the nearest {@link AccountsProvider}
 * @example
 * import { createElement } from 'react'
 * import { useUser } from '@latchkey/client/react'
 * export const Greeting = () => createElement('p', null, `Hello ${useUser()?.username ?? 'stranger'}`)
 */
export function useUser(): PublicUser | null
export function useUser<Client extends Watchable>(client: Client): UserOf<Client> | null
export function useUser(client?: Watchable): unknown {
  return useSource(useClient(client).user, null)
}

/** The id of the signed-in user, or null. */
export function useUserId(client?: Watchable): string | null {
  const from = useClient(client)
  return useSource(
    useMemo(() => userIdOf(from), [from]),
    null,
  )
}

/** True while a sign-in is under way. */
export function useLoggingIn(client?: Watchable): boolean {
  const from = useClient(client)
  return useSource(
    useMemo(() => loggingInOf(from), [from]),
    false,
  )
}

/** True while a sign-out is under way. */
export function useLoggingOut(client?: Watchable): boolean {
  const from = useClient(client)
  return useSource(
    useMemo(() => loggingOutOf(from), [from]),
    false,
  )
}

/** Who is signed in, and whether that is known yet: `loading` on a server. */
export function useAccountsState(client?: Watchable): ClientState {
  return useSource(useClient(client).state, LOADING)
}

/** Any source of a client, for what has no hook of its own. @param onServer what is rendered where nobody is signed in */
export function useSource<T>(source: Source<T>, onServer: T): T {
  return useSyncExternalStore(source.subscribe, source.get, () => onServer)
}

function useClient(client: Watchable | undefined): Watchable {
  const provided = useContext(Context)
  const found = client ?? provided
  if (!found) throw new Error('There is no AccountsProvider around this component: add one, or give the hook a client')
  return found
}

const LOADING: ClientState = { status: 'loading', user: null }
