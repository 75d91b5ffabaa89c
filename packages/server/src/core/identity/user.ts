import type { Credential } from './credential.ts'
import type { Services } from './services.ts'

/** One address of a user. */
export interface UserEmail {
  /** As the user typed it. */
  address: string
  verified: boolean
}

/** A user as the core and the hooks see it: everything but credentials. */
export interface User {
  /** Opaque, at most 64 characters. */
  id: string
  /** As the user typed it. */
  username?: string
  /** In the order they were added; the first is the main one. */
  emails: UserEmail[]
  createdAt: number
  updatedAt: number
  /** Set while the account is deactivated. */
  deactivatedAt?: number
  /**
   * Goes up whenever all earlier sessions must die (password change, deactivation, "sign out everywhere"). A session carries the epoch
   * it was opened in and is over when the two differ, so a login that raced with the change cannot survive it.
   */
  epoch: number
  /** The app's own fields. */
  custom: Record<string, unknown>
  /** The ways they can sign in. Only read, and only there, where `useInternalUserObjectSanitizer` is false. */
  services?: Services
}

/** How a user is looked up. The key is normalised: see `email.ts` and `username.ts`. */
export interface Identifier {
  /** `oauth:<provider>` keys are the provider's subject. */
  kind: 'id' | 'email' | 'username' | `oauth:${string}`
  key: string
  /** A username as it was typed, for databases of others that compare letter by letter. Our own look at the key alone. */
  typed?: string
}

/** What `users.insert` is given: the user, their credentials, and the unique keys they claim, those of e-mails in the order of `user.emails`. */
export interface NewUser {
  user: User
  credentials: Credential[]
  identifiers: Identifier[]
}

/** True while the account may not be used. */
export const isDeactivated = (user: User): boolean => user.deactivatedAt !== undefined
