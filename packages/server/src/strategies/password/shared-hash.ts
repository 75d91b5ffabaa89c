import { AccountsError } from '@latchkey/common'
import type { PasswordInput } from '../../core/ports.ts'
import { BCRYPT_DEFAULT_ROUNDS, makeHash } from './recipe.ts'
import type { OwnRecipe } from './recipe.ts'

/** bcrypt reads no further. Longer, and two passwords that begin alike would both be right. */
const LONGEST = 72

/**
 * The hash that accounts-js itself would make, for a database that it still reads: bcrypt of the password, not of its digest, under the letter that every
 * bcrypt knows.
 * @throws AccountsError `InvalidPassword` for more than 72 bytes, and for a digest, of which nothing can be made that the other app would understand
 */
export async function sharedHash(current: OwnRecipe, password: PasswordInput): Promise<string> {
  if (typeof password !== 'string' || Buffer.byteLength(password) > LONGEST)
    throw new AccountsError('InvalidPassword', {
      message: 'Passwords of this database have at most 72 bytes',
      details: { field: 'password' },
    })
  const rounds = current.algorithm === 'bcrypt' ? current.rounds : BCRYPT_DEFAULT_ROUNDS
  const hash = await makeHash({ algorithm: 'bcrypt', rounds }, password)
  // The two differ for passwords of more than 255 bytes alone.
  return hash.replace(/^\$2b\$/, '$2a$')
}
