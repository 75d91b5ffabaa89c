/** A new user as Meteor's hooks see one, and back. */
import type { MeteorUser } from '../../compat/meteor-user.ts'
import type { UserToBe } from '../../core/policy/new-user.ts'

/** The document of a user who is about to be created. `services` is always there, as in Meteor; of a password it says that there is one. */
export function documentOf({ id, username, emails, createdAt, custom, services }: UserToBe): MeteorUser {
  return {
    ...custom,
    _id: id,
    createdAt: new Date(createdAt),
    ...(username === undefined ? {} : { username }),
    ...(emails.length === 0 ? {} : { emails: emails.map(({ address, verified }) => ({ address, verified })) }),
    services,
  }
}

/**
 * The user that an app's hook made of it. What it says of `services` is kept from nobody: they are as the provider told them. Left out, the id and the time are
 * those that were offered.
 * @throws Error when it is no user
 */
export function userOf(document: unknown, { id, services, createdAt }: UserToBe): UserToBe {
  if (typeof document !== 'object' || document === null) throw new Error('onCreateUser must return the user')
  // A document, whose fields are looked at one by one.
  const { _id, createdAt: since, username, emails, services: _services, ...custom } = document as Partial<MeteorUser>
  return {
    // Judged where all ids are.
    id: _id === undefined ? id : _id,
    ...(username === undefined || username === null ? {} : { username }),
    emails: Array.isArray(emails) ? emails.map(readEmail) : [],
    createdAt: since instanceof Date ? since.getTime() : createdAt,
    custom,
    services,
  }
}

// Apps without types leave `verified` out.
const readEmail = ({ address, verified = false }: { address: string; verified?: boolean }): { address: string; verified: boolean } => ({
  address,
  verified,
})
