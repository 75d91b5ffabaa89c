import type { PublicUser } from '@latchkey/common'
import type { Settings } from '../settings.ts'
import type { User } from './user.ts'

// A custom field never stands in for one of ours (`_id` is what the parents call the id), never looks like a secret of the parents' layouts, and
// never reaches a prototype.
const RESERVED: ReadonlySet<string> = new Set([
  'id',
  '_id',
  'username',
  'emails',
  'deactivated',
  'deactivatedAt',
  'epoch',
  'createdAt',
  'updatedAt',
  'services',
  'password',
  '__proto__',
  'constructor',
  'prototype',
])

/** True for a name that no field of the app's own can have. */
export const isReserved = (field: string): boolean => RESERVED.has(field)

/** What an app can say about it. */
export type SanitizerSettings = Pick<Settings, 'face' | 'userObjectSanitizer'> & Partial<Pick<Settings, 'useInternalUserObjectSanitizer'>>

/**
 * What may leave of a user: the one door, and it names what passes. Custom fields stand at the top level, times are ISO 8601. An app's
 * `userObjectSanitizer` has the last word, on a copy. Addresses are in lower case on the accounts-js face, as its clients expect.
 */
export function toPublicUser(settings: SanitizerSettings, user: User): PublicUser {
  const lower = settings.face === 'accounts-js'
  const sent: PublicUser = {
    id: user.id,
    ...(user.username === undefined ? {} : { username: user.username }),
    emails: user.emails.map(({ address, verified }) => ({ address: lower ? address.toLowerCase() : address, verified })),
    deactivated: user.deactivatedAt !== undefined,
    createdAt: new Date(user.createdAt).toISOString(),
    updatedAt: new Date(user.updatedAt).toISOString(),
  }
  const { userObjectSanitizer } = settings
  for (const key of Object.keys(user.custom)) {
    // The app may change what it is handed; the user it came from is shared with the session cache.
    if (!RESERVED.has(key)) sent[key] = userObjectSanitizer ? copyOf(user.custom[key]) : user.custom[key]
  }
  if (settings.useInternalUserObjectSanitizer === false) sent.services = copyOf(user.services ?? {})
  return userObjectSanitizer ? userObjectSanitizer(sent) : sent
}

/** Copies lists and plain objects; a driver's own values (dates, object ids) are handed on as they are. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]))
}
