/** A store that mixes everything an account can be: forms of hashes, no hash at all, deactivated, verified or not, and names that nobody has. */
import type { Accounts, PasswordForm, StoredPassword } from '@latchkey/server'
import { PASSWORD } from './visitor.ts'

/** bcrypt of everybody's password, as accounts-js keeps it, and of its SHA-256, as Meteor does: with the cost that both take, and with the least there is. */
const BCRYPT: Readonly<Record<'real' | 'cheap', Readonly<Partial<Record<PasswordForm, string>>>>> = {
  real: {
    bcrypt: '$2b$10$DMq2muM/DL6adrQyn/AGSusaEOBAzcEtkoxJwRrN2PDZSZlg4Ho6y',
    'bcrypt-sha256': '$2b$10$J4OAmpNCRwIQe4BOi6O/nOKZRb9b7RPMQoiIZgZ9K1TF/JOcZyX/y',
  },
  cheap: {
    bcrypt: '$2b$04$aNctgDoeOp3wR8Gzv3oVJu0NItlYzKReTb3EfbopPl7WtJhScr4pa',
    'bcrypt-sha256': '$2b$04$SwvSlVVYbzo9Z9RVq2ooUeSf8Ih0o0D2VVKNrLZe2Al2WZ6zDKhUy',
  },
}

/** What an account can be, seen from outside: the same. */
export const CLASSES = [
  'argon2id',
  'bcrypt',
  'bcrypt-sha256',
  'verified',
  'no password',
  'deactivated',
  'deactivated, bcrypt',
  'unknown',
] as const
export type AccountClass = (typeof CLASSES)[number]

const PER_CLASS = 3

/** Makes them all, and returns their addresses; those of `unknown` nobody has. argon2id hashes are made by the server's own settings. */
export async function mixForms(accounts: Accounts, cost: 'real' | 'cheap' = 'real'): Promise<Record<AccountClass, string[]>> {
  const addresses = Object.fromEntries(CLASSES.map(kind => [kind, addressesOf(kind)])) as Record<AccountClass, string[]>
  for (const kind of CLASSES) {
    if (kind === 'unknown') continue
    for (const email of addresses[kind]) {
      const form = kind.endsWith('bcrypt') ? 'bcrypt' : kind
      const hash = BCRYPT[cost][form as PasswordForm]
      const id =
        hash === undefined
          ? (
              await accounts.createUser({
                email,
                emailVerified: kind === 'verified',
                ...(kind === 'no password' ? {} : { password: PASSWORD }),
              })
            ).id
          : await insert(accounts, email, { form: form as PasswordForm, hash })
      if (kind.startsWith('deactivated')) await accounts.deactivateUser(id)
    }
  }
  return addresses
}

const addressesOf = (kind: AccountClass): string[] =>
  Array.from({ length: PER_CLASS }, (_, n) => `${kind.replace(/\W+/g, '-')}-${n}@example.org`)

/** A user as they come over from a parent's database. */
async function insert(accounts: Accounts, email: string, { form, hash }: StoredPassword): Promise<string> {
  const [id, now] = [email.replace(/\W/g, ''), Date.now()]
  const user = { id, emails: [{ address: email, verified: false }], createdAt: now, updatedAt: now, epoch: 0, custom: {} }
  const credential = { userId: id, kind: 'password', id: '', form, secret: hash, data: {}, createdAt: now, updatedAt: now }
  await accounts.core.store.users.insert({ user, credentials: [credential], identifiers: [{ kind: 'email', key: email }] })
  return id
}
