/** What our store has of a password that the adapter keeps: its form, and a fingerprint in place of the hash, so that there is no second copy of it. */
import { createHash } from 'node:crypto'
import type { Credential, StoredPassword } from '../../core/identity/credential.ts'
import { isPasswordNoted } from './notes.ts'

/** The fingerprint of a hash. */
export function printOf(form: StoredPassword['form'], hash: string): StoredPassword {
  return { form, hash: `print:${createHash('sha256').update(hash).digest('base64url')}` }
}

/** The form of a hash that we did not write: the old app's own. */
export const formOf = (hash: string): StoredPassword['form'] => (hash.startsWith('$argon2id$') ? 'argon2id' : 'bcrypt')

/** The fingerprint that is kept. */
export function mirrored(rows: readonly Credential[]): StoredPassword | null {
  const row = rows.find(({ kind }) => kind === 'password')
  // Written by `printOf` alone.
  return row?.secret === undefined ? null : { form: row.form as StoredPassword['form'], hash: row.secret }
}

/** The adapter still has the hash whose fingerprint we have. */
export function isSamePassword(rows: readonly Credential[], hash: string | null): boolean {
  const kept = mirrored(rows)
  return kept === null ? hash === null : hash !== null && kept.hash === printOf(kept.form, hash).hash
}

/** Our store has the new password and the adapter still the old one, because we are just writing it. */
export const isUnderWay = (rows: readonly Credential[], hash: string | null, now: number): boolean =>
  isPasswordNoted(rows, hash === null ? null : printOf(formOf(hash), hash).hash, mirrored(rows)?.hash, now)
