import { isDeepStrictEqual } from 'node:util'
import type { Core } from '../core.ts'
import { looksSecret } from '../looks-secret.ts'
import { keyRing, open, seal } from '../seal.ts'
import type { Vouched } from '../strategy.ts'
import type { Credential, LinkedAccount } from './credential.ts'
import type { Identifier } from './user.ts'

/** An account elsewhere, opened for the app's own eyes: with whatever tokens the provider gave. Never for any client. */
export interface ProviderAccount {
  provider: string
  /** The provider's own name for the user. */
  subject: string
  /** What the provider said at the last sign-in. */
  account: Record<string, unknown>
  linkedAt: number
}

type Parts = Pick<Core, 'keys' | 'chance'>

/** accounts-js's database adapters keep these under the name of a service, beside the accounts of providers. */
const OWN_SERVICES: ReadonlySet<string> = new Set(['password', 'email', 'magicLink', 'two-factor', 'resume', 'oauth'])

/** True for a name that can stand for a provider in every store: with accounts-js's adapters it becomes part of a field's name in MongoDB. */
export const isProvider = (name: string): boolean => /^[\w-]{1,64}$/.test(name) && !OWN_SERVICES.has(name) && !name.startsWith('__')

/** The kind of a provider's accounts, as credentials and as identifiers. */
export const accountKind = (provider: string): LinkedAccount['kind'] => `oauth:${provider}`

/** What leads from a provider's account to a user of ours. */
export const identifierOf = ({ provider, subject }: Pick<Vouched, 'provider' | 'subject'>): Identifier => ({
  kind: accountKind(provider),
  key: subject,
})

/** True for an account elsewhere among a user's credentials. */
export const isLinkedAccount = (credential: Credential): credential is LinkedAccount => credential.kind.startsWith('oauth:')

/**
 * An account as it is kept: the profile in clear, so that the app can look into it; what looks like a secret, at whatever depth, sealed for this user
 * and this account.
 */
export function linkedAccount(
  parts: Parts,
  { provider, subject, account, pinned }: Pick<Vouched, 'provider' | 'subject' | 'account' | 'pinned'>,
  userId: string,
  { now, linkedAt = now }: { now: number; linkedAt?: number },
): LinkedAccount {
  const kind = accountKind(provider)
  const [secrets, profile] = parted(plain(pinned?.(account, userId) ?? account))
  const sealed =
    Object.keys(secrets).length === 0
      ? {}
      : { form: 'sealed-json', secret: seal(keyRing(parts.keys), parts.chance, JSON.stringify(secrets), { userId, field: kind }) }
  return { userId, kind, id: subject, ...sealed, data: profile, createdAt: linkedAt, updatedAt: now }
}

/** The account again. Secrets that were sealed with a key that is gone are missing in it. */
export function openLinkedAccount(parts: Parts, { userId, kind, id, secret, data, createdAt }: LinkedAccount): ProviderAccount {
  const opened = secret === undefined ? null : open(keyRing(parts.keys), secret, { userId, field: kind })
  // Written by `linkedAccount`.
  const secrets = JSON.parse(opened ?? '{}') as Record<string, unknown>
  return { provider: kind.slice('oauth:'.length), subject: id, account: { ...data, ...secrets }, linkedAt: createdAt }
}

/** True when a provider says just what it said before, so that there is nothing to write. */
export const saysTheSame = (parts: Parts, kept: LinkedAccount, { account }: Pick<Vouched, 'account'>): boolean =>
  isDeepStrictEqual(openLinkedAccount(parts, kept).account, plain(account))

/** As JSON keeps it: without functions and `undefined`, dates as text. */
export const plain = (account: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  // An object comes back as an object.
  JSON.parse(JSON.stringify(account)) as Record<string, unknown>

/** What of it looks like a secret, at whatever depth, and the rest. */
export function parted(account: Record<string, unknown>): [secrets: Record<string, unknown>, profile: Record<string, unknown>] {
  const entries = Object.entries(account)
  const isSecret = ([key, value]: [string, unknown]): boolean => looksSecret(key) || holdsSecret(value)
  return [Object.fromEntries(entries.filter(isSecret)), Object.fromEntries(entries.filter(entry => !isSecret(entry)))]
}

function holdsSecret(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, inner]: [string, unknown]) => (!Array.isArray(value) && looksSecret(key)) || holdsSecret(inner))
}
