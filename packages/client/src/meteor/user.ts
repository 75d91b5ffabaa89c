import type { PublicUser } from '@latchkey/common'
import type { DdpDocument } from '../ddp/index.ts'

/**
 * A user as both parents know one. What arrives over DDP has Meteor's fields and lists only those; `id`, `emails` and `deactivated` can be read all the
 * same. What arrives over REST or GraphQL has accounts-js's fields, and `_id` can be read.
 */
export interface ClientUser extends PublicUser {
  _id: string
  profile?: Record<string, unknown>
}

const shaped = new WeakMap<object, ClientUser>()

/** A document of Meteor's as a {@link ClientUser}; the same document gives the same object. */
export const fromDocument = (document: DdpDocument): ClientUser =>
  once(document, () => withHidden({ ...document }, { id: document._id, emails: [], deactivated: false }))

/** A user of accounts-js's wires as a {@link ClientUser}; the same user gives the same object. */
export const fromPublicUser = (user: PublicUser): ClientUser => once(user, () => withHidden({ ...user }, { _id: user.id }))

function once(of: object, make: () => object): ClientUser {
  const known = shaped.get(of)
  if (known) return known
  // The two makers above see to it that every field of the type is there
  const made = make() as ClientUser
  shaped.set(of, made)
  return made
}

/** Fields that are there and not listed: a comparison or a copy sees the document as its server sent it. */
function withHidden(document: object, hidden: Record<string, unknown>): object {
  for (const [key, value] of Object.entries(hidden)) {
    if (!Object.hasOwn(document, key)) Object.defineProperty(document, key, { value, enumerable: false, configurable: true })
  }
  return document
}
