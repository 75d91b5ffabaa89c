/** What a user proves themselves with. One row each, kept apart from the user so that a user record never carries a secret. */

/**
 * How a password hash was made. The suffix says what was hashed: `-sha256` means the lower-case hex SHA-256 of the UTF-8
 * password (so a plain password and Meteor's digest prove the same thing); without it the plain password.
 */
export type PasswordForm = 'argon2id-sha256' | 'bcrypt-sha256' | 'bcrypt' | 'argon2id'

/** A password as it is kept. */
export interface StoredPassword {
  form: PasswordForm
  /** PHC string (argon2id) or `$2a$`/`$2b$` string (bcrypt). */
  hash: string
}

/** One credential of a user. `kind` names the family, `id` tells several of one kind apart (empty for a password). */
export interface Credential {
  userId: string
  /** `password`, `totp` (with its recovery codes), `passkey`, or `oauth:<provider>`. */
  kind: string
  id: string
  /** For passwords a {@link PasswordForm}; else the form of `secret`, if any. */
  form?: string
  /** A hash, or a value sealed with the key ring. Never a clear secret. */
  secret?: string
  data: Record<string, unknown>
  createdAt: number
  updatedAt: number
}

/** An account elsewhere that signs in to this one. `id` is the subject, as the provider names it; kind and id together are also an identifier of the user. */
export interface LinkedAccount extends Credential {
  kind: `oauth:${string}`
}

/** The password among a user's credentials, if there is one. */
export function passwordOf(credentials: readonly Credential[]): StoredPassword | null {
  const found = credentials.find(credential => credential.kind === 'password')
  if (!found?.secret || !found.form) return null
  // The column holds only forms that `passwordCredential` and the importers write.
  return { form: found.form as PasswordForm, hash: found.secret }
}

/** A password as a credential row. */
export function passwordCredential(userId: string, password: StoredPassword, now: number): Credential {
  return { userId, kind: 'password', id: '', form: password.form, secret: password.hash, data: {}, createdAt: now, updatedAt: now }
}
