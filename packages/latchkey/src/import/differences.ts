import type { Credential, NewUser } from '@latchkey/server'
import { isSamePassword } from './credentials.ts'

/** What of a user is not (or no longer) what an import would write. Empty when nothing differs. */
export function differences(made: NewUser, there: NewUser['user'], credentials: readonly Credential[]): string[] {
  const { user } = made
  const password = passwordAmong(made.credentials)
  const kept = passwordAmong(credentials)
  const same: Record<string, boolean> = {
    username: user.username === there.username,
    emails: sorted(user.emails) === sorted(there.emails),
    deactivated: (user.deactivatedAt === undefined) === (there.deactivatedAt === undefined),
    'custom fields': canonical(user.custom) === canonical(there.custom),
    password: password && kept ? isSamePassword(password, kept) : password === kept,
    // Sealed anew each time, so only their being there can be compared.
    credentials: others(made.credentials) === others(credentials),
  }
  return Object.keys(same).filter(field => !same[field])
}

const passwordAmong = (credentials: readonly Credential[]): Credential | undefined => credentials.find(({ kind }) => kind === 'password')

const others = (credentials: readonly Credential[]): string =>
  credentials
    .filter(({ kind }) => kind !== 'password')
    .map(({ kind, id }) => JSON.stringify([kind, id]))
    .toSorted()
    .join()

const sorted = (emails: NewUser['user']['emails']): string =>
  emails
    .map(({ address, verified }) => JSON.stringify([address, verified]))
    .toSorted()
    .join()

/** JSON with its keys in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
