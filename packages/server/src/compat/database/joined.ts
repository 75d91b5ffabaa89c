import type { Credential } from '../../core/identity/credential.ts'
import type { User } from '../../core/identity/user.ts'
import type { Store } from '../../core/store.ts'
import type { GuardedAdapter } from './adapter.ts'
import type { KeptUser } from './shapes.ts'
import type { Twins } from './twins.ts'

/** The two databases, and what was decided about them. */
export interface Joined {
  adapter: GuardedAdapter
  /** Ours, beside it. */
  store: Store
  /** Epoch milliseconds, for changes that nobody gave a time. */
  now: () => number
  /** New hashes are of our own form; else the adapter is given bcrypt alone, which the old app understands. */
  upgradePasswords: boolean
  /** The field of `createUser` in which the adapter accepts an id. */
  idField: string | undefined
  removeUser: ((userId: string) => Promise<void>) | undefined
  twins: Twins
}

/** What our store has of a user, and the hash that the adapter has. */
export interface Seen {
  mirror: User
  /** Credentials as they are kept in our store. */
  rows: Credential[]
  hash: string | null
}

/** A user as both databases have them at one moment. */
export interface Known {
  /** As the core shall see them. */
  user: User
  /** As the core shall see them. */
  credentials: Credential[]
  kept: KeptUser
  seen: Seen
  /** The mirror was put right on the way. */
  mended: boolean
}

/** What we keep in the custom fields of a mirror. */
export interface MirrorNotes {
  /** Custom fields the user was created with here: adapters for SQL keep none. */
  given?: Record<string, unknown>
  /** Custom fields that were set here since, and are ours from then on. */
  own?: Record<string, unknown>
  /** This is no user yet: names are held while the adapter creates one. Since when. */
  claimedAt?: number
}

/** What was noted on a mirror. */
export const notesOf = (mirror: User): MirrorNotes => mirror.custom
