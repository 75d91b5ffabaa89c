/** One user of accounts-js as one of ours. */
import { emailKey, parseEmail, parseUsername, usernameKey } from '@latchkey/server/core'
import type { Credential, Identifier, NewUser } from '@latchkey/server'
import { readTwoFactor, toPassword } from './credentials.ts'
import type { HashKind, Sealer } from './credentials.ts'
import type { Claims } from './claims.ts'
import type { Note, NoteKind } from './notes.ts'
import type { SourceService, SourceUser } from './source.ts'

/** What the translation goes by. */
export interface Translation {
  claims: Claims
  hashes: HashKind
  sealer: Sealer
  now: number
  note: (note: Note) => void
}

/** Longest key of a username that is ever looked up. */
const LONGEST_NAME_KEY = 256
/** Longest key of an address. */
const LONGEST_EMAIL_KEY = 254

/** Longest id of an account at a provider. */
const LONGEST_SUBJECT = 255

/** One-time tokens live in rows of these names. They do not move. */
const TOKENS: readonly string[] = ['password.reset', 'email.verificationTokens', 'magicLink.loginTokens']

/** Keys that a user would claim, before anybody asks who else does. */
export function keysOf(source: SourceUser): Identifier[] {
  const names = source.username === null || nameKey(source.username) === null ? [] : [username(source.username)]
  const emails = source.emails.flatMap(({ address }) => (addressKey(address) === null ? [] : [email(address)]))
  const links = source.services
    .filter(isLink)
    .flatMap(service => (service.serviceId === null ? [] : [link(service.name, service.serviceId)]))
  return [...names, ...emails, ...links]
}

/** The user as they will be kept. What others have already is left out of their identifiers, and noted. */
export function toUser(source: SourceUser, { claims, hashes, sealer, now, note: tell }: Translation): NewUser {
  const note = (kind: NoteKind, what: string): void => tell({ kind, id: source.id, what })
  const createdAt = source.createdAt ?? source.updatedAt ?? now
  const updatedAt = source.updatedAt ?? createdAt
  const services = firstOfEach(source.services, service => note('service-doubled', service.name))

  const emails = readEmails(source, claims, note)
  const names = readUsername(source, claims, note)
  const links = services.filter(isLink).flatMap(service => readLink(source.id, service, claims, note))
  const at = { createdAt, updatedAt }
  const credentials: Credential[] = []
  for (const service of services) {
    const made = toCredential(service)
    if (made) credentials.push({ ...made, ...at })
  }
  if (names.length === 0 && !emails.some(({ key }) => key !== null))
    note('no-identifier', source.username ?? source.emails[0]?.address ?? '-')

  return {
    user: {
      id: source.id,
      ...(source.username === null ? {} : { username: source.username }),
      emails: emails.map(({ address, verified }) => ({ address, verified })),
      ...at,
      // When is not known there; this is as near as it gets.
      ...(source.deactivated ? { deactivatedAt: updatedAt } : {}),
      epoch: 0,
      custom: Object.fromEntries(Object.entries(source.custom).filter(([, value]) => value !== null)),
    },
    credentials,
    identifiers: [...names, ...emails.flatMap(({ key }) => (key === null ? [] : [{ kind: 'email' as const, key }])), ...links],
  }

  function toCredential(service: SourceService): Credential | null {
    const { name, serviceId, options } = service
    if (TOKENS.includes(name) || options === null) return null
    if (name === 'password') {
      const hash = options['bcrypt']
      // Accounts that a provider made have the row without a hash.
      if (hash === undefined || hash === null) return null
      const made = toPassword(source.id, hash, hashes, updatedAt)
      if (!made) note('password-unreadable', name)
      return made
    }
    if (name === 'two-factor') {
      const base32 = readTwoFactor(options)
      const made = base32 === null ? null : sealer.twoFactor(source.id, base32)
      if (!made) note('two-factor-unreadable', name)
      return made
    }
    if (serviceId === null) {
      if (isProfile(options)) note('oauth-without-id', name)
      return sealer.service(source.id, name, options, now)
    }
    return links.some(({ kind, key }) => kind === `oauth:${name}` && key === serviceId)
      ? sealer.link(source.id, name, serviceId, options, now)
      : sealer.service(source.id, name, { id: serviceId, ...options }, now)
  }
}

interface ReadEmail {
  address: string
  verified: boolean
  key: string | null
}

/** Addresses with a key first, because keys stand in the order of addresses. */
function readEmails({ id, emails }: SourceUser, claims: Claims, note: (kind: NoteKind, what: string) => void): ReadEmail[] {
  const seen = new Set<string>()
  const read = emails.flatMap(({ address, verified }): ReadEmail[] => {
    const key = addressKey(address)
    if (key === null) {
      note('email-unusable', address)
      return [{ address, verified, key }]
    }
    // Twice in the list of one user, in two spellings: one mailbox.
    if (seen.has(key)) {
      note('email-doubled', address)
      return []
    }
    seen.add(key)
    if (parseEmail(address) === null) note('email-odd', address)
    if (claims.claim({ kind: 'email', key }, id)) return [{ address, verified, key }]
    note('email-taken', address)
    return [{ address, verified, key: null }]
  })
  return [...read.filter(({ key }) => key !== null), ...read.filter(({ key }) => key === null)]
}

function readUsername({ id, username: name }: SourceUser, claims: Claims, note: (kind: NoteKind, what: string) => void): Identifier[] {
  if (name === null) return []
  if (nameKey(name) === null) {
    note('username-unusable', name.slice(0, 80))
    return []
  }
  if (!claims.claim(username(name), id)) {
    note('username-taken', name)
    return []
  }
  if (parseUsername(name) === null) note('username-odd', name)
  return [username(name)]
}

function readLink(
  userId: string,
  { name, serviceId }: SourceService,
  claims: Claims,
  note: (kind: NoteKind, what: string) => void,
): Identifier[] {
  if (serviceId === null) return []
  const identifier = link(name, serviceId)
  if (claims.claim(identifier, userId)) return [identifier]
  note('oauth-taken', name)
  return []
}

const username = (name: string): Identifier => ({ kind: 'username', key: usernameKey(name) })
const email = (address: string): Identifier => ({ kind: 'email', key: emailKey(address) })
const link = (provider: string, subject: string): Identifier => ({ kind: `oauth:${provider}`, key: subject })

const isLink = ({ name, serviceId }: SourceService): boolean => serviceId !== null && serviceId.length <= LONGEST_SUBJECT && !OWN.has(name)

/** Services that are no provider. */
const OWN: ReadonlySet<string> = new Set(['password', 'two-factor', 'email', 'magicLink', ...TOKENS])

/** A row that a provider made, as far as one can tell without its id. */
const isProfile = (options: Record<string, unknown>): boolean =>
  // The column can hold any JSON.
  typeof options === 'object' && ['email', 'name', 'accessToken', 'access_token', 'profile', 'screen_name'].some(field => field in options)

function nameKey(name: string): string | null {
  const key = usernameKey(name)
  return key === '' || key.length > LONGEST_NAME_KEY ? null : key
}

/** Null for what nobody could sign in with, and for what only folds into somebody's address (`＠`, the Kelvin sign). */
function addressKey(address: string): string | null {
  const key = emailKey(address)
  if (key === '' || Buffer.byteLength(key) > LONGEST_EMAIL_KEY) return null
  return parseEmail(address) === null && parseEmail(key) !== null ? null : key
}

function firstOfEach(services: readonly SourceService[], doubled: (service: SourceService) => void): SourceService[] {
  const seen = new Set<string>()
  return services.filter(service => {
    if (!seen.has(service.name)) return seen.add(service.name)
    doubled(service)
    return false
  })
}
