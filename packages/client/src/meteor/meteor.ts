/** Meteor's two objects, made on first use: importing them does nothing, on a server as in a page. */
import { MeteorError } from '@latchkey/common/meteor'
import { AccountsClient } from './accounts-client.ts'
import type { AccountsConnection } from './connection.ts'
import type { MeteorClientOptions } from './login-client.ts'
import { runtimeConfig } from './runtime-config.ts'
import { startup } from './startup.ts'

let made: AccountsClient | undefined
const client = (): AccountsClient => (made ??= new AccountsClient(settings()))

/** A connection cannot be written into a page. */
const settings = (): MeteorClientOptions => {
  const { connection: _, ...given } = runtimeConfig().PUBLIC_SETTINGS?.packages?.accounts ?? {}
  return given
}

/**
 * The accounts of the page's own server. Connects and signs in at its first use; where there is no page, as when one is rendered on a server, nobody is
 * signed in and nothing is asked.
 */
export const Accounts: AccountsClient = new Proxy(Object.create(AccountsClient.prototype) as AccountsClient, {
  get: (_, key) => own(client(), key),
  set: (_, key, value) => Reflect.set(client(), key, value),
  has: (_, key) => key in client(),
})

const SAME = [
  'userId',
  'user',
  'userAsync',
  'users',
  'loggingIn',
  'loggingOut',
  'logout',
  'logoutOtherClients',
  'loginWithToken',
  'loginWithTokenAsync',
  'loginWithPassword',
  'loginWithPasswordAsync',
  'loginWithPasswordAnd2faCode',
  'loginWithPasswordAnd2faCodeAsync',
  'passwordlessLoginWithToken',
  'passwordlessLoginWithTokenAnd2faCode',
] as const satisfies readonly (keyof AccountsClient)[]

/** Meteor's `Meteor`, as far as accounts go, and the connection of the page. */
export interface MeteorClient
  extends
    Pick<AccountsClient, (typeof SAME)[number]>,
    Pick<AccountsConnection, 'call' | 'callAsync' | 'apply' | 'applyAsync' | 'subscribe' | 'status' | 'reconnect' | 'disconnect'> {
  readonly Error: typeof MeteorError
  readonly isClient: true
  readonly isServer: false
  /** What the server wrote into the page. */
  readonly settings: { readonly public: Readonly<Record<string, unknown>> }
  readonly connection: AccountsConnection
  /** Runs code when the page is there. */
  readonly startup: (work: () => unknown) => void
  /** Signs in with a service that was named with `Accounts.oauth.registerService`. */
  [loginWith: `loginWith${string}`]: (...args: never[]) => unknown
}

const CONNECTION: readonly PropertyKey[] = ['call', 'callAsync', 'apply', 'applyAsync', 'subscribe', 'status', 'reconnect', 'disconnect']

/** `Meteor.user()`, `Meteor.loginWithPassword(…)` and their like: the functions of {@link Accounts} that Meteor has there too. */
export const Meteor: MeteorClient = new Proxy({} as MeteorClient, {
  get(_, key) {
    if (key === 'Error') return MeteorError
    if (key === 'isClient') return true
    if (key === 'isServer') return false
    if (key === 'settings') return { public: runtimeConfig().PUBLIC_SETTINGS ?? {} }
    if (key === 'startup') return startup
    if (key === 'connection') return client().connection
    if (CONNECTION.includes(key)) return own(client().connection, key)
    if ((SAME as readonly PropertyKey[]).includes(key)) return own(client(), key)
    const service = typeof key === 'string' && key.startsWith('loginWith') ? client().oauth.named(key) : undefined
    return service && ((...args: unknown[]) => client().applyLoginFunction(service, args))
  },
  has: (_, key) => (SAME as readonly PropertyKey[]).includes(key) || CONNECTION.includes(key),
})

/** A member: methods bound to their object, for it has private parts; sources as they are. */
function own(of: object, key: PropertyKey): unknown {
  const value: unknown = Reflect.get(of, key, of)
  return typeof value === 'function' && !Object.hasOwn(of, key) ? value.bind(of) : value
}
