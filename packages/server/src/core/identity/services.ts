/** `services` of a user, as accounts-js names the ways somebody can sign in. Never with a hash, a token or a secret. */
import { looksSecret } from '../looks-secret.ts'
import type { Store } from '../store.ts'
import type { Credential } from './credential.ts'
import type { User } from './user.ts'

/** What there is to say about each way to sign in, by accounts-js's name of it: of a provider the profile, of the others that they are there. */
export type Services = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** accounts-js's names of our kinds of credential. */
const NAMES: Readonly<Record<string, string>> = { totp: 'two-factor' }

const PROVIDER = 'oauth:'

/** The services of these credentials. */
export function servicesOf(credentials: readonly Credential[]): Services {
  const [foreign, own] = [credentials.filter(isOfProvider), credentials.filter(one => !isOfProvider(one))]
  return Object.fromEntries([
    ...foreign.map(({ kind, id, data }) => [kind.slice(PROVIDER.length), { ...profileWithoutSecrets(data), id }] as const),
    // Last, so that a provider that calls itself `password` is not taken for one.
    ...own.map(({ kind }) => [NAMES[kind] ?? kind, {}] as const),
  ])
}

/** A copy of what a provider says, without anything that may prove something, however deep it lies: what looks like a secret, and hashes of one. */
export function profileWithoutSecrets(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const harmless = Object.entries(data).filter(([key]) => !looksSecret(key) && !HASH.test(key))
  return Object.fromEntries(harmless.map(([key, value]) => [key, harmlessValue(value)]))
}

/**
 * The same store, whose users carry `services`: one read more for each user that is looked up. Only for apps that want them to leave with the user.
 */
export function withServices(store: Store): Store {
  const { users, sessions } = store
  const enrich = async (user: User): Promise<User> => ({ ...user, services: servicesOf(await users.credentials(user.id)) })
  const enrichFound = async <T extends { user: User } | null>(found: T): Promise<T> => found && { ...found, user: await enrich(found.user) }
  return over(store, {
    users: over(users, {
      async find(identifier) {
        const user = await users.find(identifier)
        return user && enrich(user)
      },
      async beginLogin(lookup) {
        const candidate = await users.beginLogin(lookup)
        return { ...candidate, user: candidate.user && { ...candidate.user, services: servicesOf(candidate.credentials) } }
      },
      list: async page => Promise.all((await users.list(page)).map(enrich)),
    }),
    sessions: over(sessions, {
      find: async sessionId => enrichFound(await sessions.find(sessionId)),
      findByResume: async hash => enrichFound(await sessions.findByResume(hash)),
      async rotate(rotation) {
        const turn = await sessions.rotate(rotation)
        return 'found' in turn ? { ...turn, found: await enrichFound(turn.found) } : turn
      },
    }),
  })
}

const isOfProvider = ({ kind }: Credential): boolean => kind.startsWith(PROVIDER)

const HASH = /hash|bcrypt|argon/i

function harmlessValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(harmlessValue)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  // A plain object has only text keys here: it came out of a JSON column or an adapter.
  return profileWithoutSecrets(value as Record<string, unknown>)
}

/** An object with some of its members replaced. The others keep their own `this`, which may have private fields. */
function over<T extends object>(target: T, replaced: Partial<T>): T {
  // Behind nothing, because a proxy may not replace a member of a frozen object.
  return new Proxy(Object.create(null) as T, {
    get(_nothing, name) {
      if (Object.hasOwn(replaced, name)) return Reflect.get(replaced, name) as unknown
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
}
