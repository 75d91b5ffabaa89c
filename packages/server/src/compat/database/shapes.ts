/** A user as one adapter of accounts-js or another hands it out, read into one shape. */
import { emailKey } from '../../core/identity/email.ts'

/** What an adapter knows of a user. */
export interface KeptUser {
  id: string
  username?: string
  /** In the adapter's order and spelling; of two with one key the first. */
  emails: KeptEmail[]
  deactivated: boolean
  createdAt?: number
  updatedAt?: number
  /** Accounts elsewhere, by provider: the subject, and what the provider told. */
  accounts: ReadonlyMap<string, { id: string; data: Record<string, unknown> }>
  /** The secret of accounts-js's second factor, in base32. */
  twoFactorSecret?: string
  /** Everything else at the top level. */
  custom: Record<string, unknown>
}

/** An address as an adapter keeps it. */
export interface KeptEmail {
  address: string
  verified: boolean
  key: string
}

// What accounts-js itself keeps on a user; `allServices`, `sessions` and `getServices` are of its SQL adapters.
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'id',
  '_id',
  'username',
  'email',
  'emails',
  'services',
  'password',
  'deactivated',
  'createdAt',
  'updatedAt',
  'allServices',
  'sessions',
  'getServices',
  '__proto__',
  'constructor',
  'prototype',
])

/** Null for what is no user: adapters answer null, undefined or false for nobody. */
export function readKeptUser(raw: unknown): KeptUser | null {
  if (!isRecord(raw)) return null
  const id = idOf(raw['id'] ?? raw['_id'])
  if (id === null) return null
  const services = servicesOf(raw)
  const [createdAt, updatedAt, secret] = [timeOf(raw['createdAt']), timeOf(raw['updatedAt']), twoFactorSecretOf(services)]
  return {
    id,
    ...(typeof raw['username'] === 'string' && raw['username'] !== '' ? { username: raw['username'] } : {}),
    emails: emailsOf(raw['emails']),
    deactivated: raw['deactivated'] === true,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(updatedAt === undefined ? {} : { updatedAt }),
    accounts: accountsOf(services),
    ...(secret === undefined ? {} : { twoFactorSecret: secret }),
    custom: Object.fromEntries(Object.entries(raw).filter(([key, value]) => isCustomField(key) && typeof value !== 'function')),
  }
}

/** An id as text: adapters have texts, numbers, and objects that know their own text, as `ObjectId` does. Null for none. */
export function idOf(id: unknown): string | null {
  if (typeof id === 'string') return id
  if (typeof id === 'number' || typeof id === 'bigint') return id.toString()
  return typeof id === 'object' && id !== null ? (id as { toString(): string }).toString() : null
}

/** True for a field that an app may have put on a user. */
export const isCustomField = (key: string): boolean => !OWN_FIELDS.has(key)

/** What of an app's own fields can be handed to an adapter, and comes back as it was. The others are kept beside it alone. */
export function customFieldsFor(custom: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(custom).filter(([key, value]) => isCustomField(key) && comesBack({ [key]: value })))
}

/** MongoDB allows a hundred levels, and less over some drivers. */
const MOST_LEVELS = 50

/** MongoDB reads dots and dollars in names as paths and commands, its driver loses `__proto__`, and text is kept as UTF-8. */
function comesBack(value: unknown, levels = 0): boolean {
  if (typeof value === 'string') return !/\p{Surrogate}/u.test(value)
  if (typeof value !== 'object' || value === null) return true
  const entries = Object.entries(value)
  return levels < MOST_LEVELS && entries.every(([key, inner]) => isPlainName(key) && comesBack(inner, levels + 1))
}

const isPlainName = (name: string): boolean => name !== '' && name !== '__proto__' && !/[.$\0]|\p{Surrogate}/u.test(name)

function emailsOf(given: unknown): KeptEmail[] {
  const emails = new Map<string, KeptEmail>()
  for (const one of Array.isArray(given) ? (given as unknown[]) : []) {
    if (!isRecord(one) || typeof one['address'] !== 'string' || one['address'] === '') continue
    const key = emailKey(one['address'])
    if (!emails.has(key)) emails.set(key, { address: one['address'], verified: one['verified'] === true, key })
  }
  return [...emails.values()]
}

/**
 * MongoDB's adapter keeps an object per service. TypeORM's hands out an array of one, without the subject of a provider, which stands in the rows
 * beside; an unlinked provider may be null.
 */
function servicesOf(raw: Record<string, unknown>): Map<string, Record<string, unknown>> {
  const services = new Map<string, Record<string, unknown>>()
  const given = raw['services']
  for (const [name, value] of isRecord(given) ? Object.entries(given) : []) {
    const one: unknown = Array.isArray(value) ? value[0] : value
    if (isRecord(one)) services.set(name, { ...one })
  }
  const rows = raw['allServices']
  for (const row of Array.isArray(rows) ? (rows as unknown[]) : []) {
    if (!isRecord(row) || typeof row['name'] !== 'string') continue
    const options = isRecord(row['options']) ? row['options'] : {}
    services.set(row['name'], { ...options, ...(typeof row['serviceId'] === 'string' ? { id: row['serviceId'] } : {}) })
  }
  return services
}

function accountsOf(services: ReadonlyMap<string, Record<string, unknown>>): KeptUser['accounts'] {
  const accounts = new Map<string, { id: string; data: Record<string, unknown> }>()
  for (const [name, { id, ...data }] of services) {
    if (typeof id === 'string' && id !== '' && id.length <= LONGEST_SUBJECT) accounts.set(name, { id, data })
  }
  return accounts
}

const LONGEST_SUBJECT = 255

function twoFactorSecretOf(services: ReadonlyMap<string, Record<string, unknown>>): string | undefined {
  const secret = services.get('two-factor')?.['secret']
  const base32 = isRecord(secret) ? secret['base32'] : undefined
  return typeof base32 === 'string' && base32 !== '' ? base32 : undefined
}

/** Epoch milliseconds, a `Date`, or text that a `Date` can read. */
export function timeOf(value: unknown): number | undefined {
  const time = value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : value
  return typeof time === 'number' && Number.isFinite(time) ? time : undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
