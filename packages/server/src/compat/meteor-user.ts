/** A user as Meteor's apps know one: a document of the collection `users`. */
import type { Credential } from '../core/identity/credential.ts'
import { liveCustom } from '../core/identity/custom.ts'
import { servicesOf } from '../core/identity/services.ts'
import type { User } from '../core/identity/user.ts'
import type { Face } from '../core/settings.ts'

/** One address of a {@link MeteorUser}. */
export interface MeteorUserEmail {
  address: string
  verified: boolean
}

/** A user as Meteor's apps know one: the app's own fields at the top level; no password hash, no token, no secret. */
export interface MeteorUser {
  _id: string
  username?: string
  /** Absent where there are none. */
  emails?: MeteorUserEmail[]
  createdAt?: Date
  // Meteor types it so: it is the app's own.
  // oxlint-disable-next-line typescript/no-explicit-any
  profile?: Record<string, any>
  /** The ways they can sign in: of a provider what it said, of the others that they are there. Where the user was looked up for the app's own code. */
  // Meteor types it so, and apps reach into what a provider said.
  // oxlint-disable-next-line typescript/no-explicit-any
  services?: Record<string, any>
  /** The app's own fields. */
  [custom: string]: unknown
}

/** Fields that only we can say something about. */
const OURS: ReadonlySet<string> = new Set([
  '_id',
  'id',
  'username',
  'emails',
  'createdAt',
  'services',
  'password',
  '__proto__',
  'constructor',
  'prototype',
])

/**
 * The document of a user; with `services` where their credentials are at hand. Shares nothing with the user it is made from.
 * @param face whose form the app's own fields are kept in
 */
export function toMeteorUser(face: Face, user: User, credentials?: readonly Credential[]): MeteorUser {
  const own = Object.entries(liveCustom(face, user.custom)).filter(([name]) => !OURS.has(name))
  return {
    _id: user.id,
    createdAt: new Date(user.createdAt),
    ...(user.username === undefined ? {} : { username: user.username }),
    ...(user.emails.length === 0 ? {} : { emails: user.emails.map(({ address, verified }) => ({ address, verified })) }),
    ...Object.fromEntries(own),
    ...(credentials ? { services: meteorServices(credentials) } : {}),
  }
}

/** Meteor's word for codes of an authenticator app, and what it keeps of one beside the secret. */
function meteorServices(credentials: readonly Credential[]): Record<string, unknown> {
  const { 'two-factor': codes, ...services } = servicesOf(credentials)
  return { ...structuredClone(services), ...(codes ? { twoFactorAuthentication: { type: 'otp' } } : {}) }
}
