/**
 * Names are claimed in our store, because adapters look first and write afterwards, and for SQL do not even keep user names unique. A claim is only
 * as good as what the adapter says: one that a user gave up through the old app is released when somebody else asks for it.
 */
import { createHash } from 'node:crypto'
import { emailKey } from '../core/identity/email.ts'
import type { Identifier } from '../core/identity/user.ts'
import { usernameKey } from '../core/identity/username.ts'
import { isProvider } from './database-adapter.ts'
import { notesOf } from './database-joined.ts'
import type { Joined, Seen } from './database-joined.ts'
import type { KeptUser } from './database-shapes.ts'

/** The names a user has in the adapter. */
export function identifiersOf({ username, emails, accounts }: KeptUser): Identifier[] {
  return [
    ...(username === undefined ? [] : [{ kind: 'username', key: usernameKey(username) } as const]),
    ...emails.map(({ key }): Identifier => ({ kind: 'email', key })),
    ...[...accounts]
      .filter(([provider]) => isProvider(provider))
      .map(([provider, { id }]): Identifier => ({ kind: `oauth:${provider}`, key: id })),
  ]
}

/** Does the user have this name, as the adapter sees it? */
export const hasName = (kept: KeptUser, { kind, key }: Identifier): boolean =>
  identifiersOf(kept).some(identifier => identifier.kind === kind && identifier.key === key)

/** Makes the names of a mirror those of the adapter. True when there was anything to do. */
export async function claimNames(joined: Joined, kept: KeptUser, { mirror }: Seen): Promise<boolean> {
  const { users } = joined.store
  let mended = false
  if (kept.username !== undefined && kept.username !== mirror.username) {
    const { username } = kept
    const key = usernameKey(username)
    mended =
      (await claimed(joined, kept.id, { kind: 'username', key }, () => users.setUsername(kept.id, username, key, joined.now()))) || mended
  }
  const mirrored = new Set(mirror.emails.map(({ address }) => emailKey(address)))
  for (const { address, verified, key } of kept.emails) {
    if (mirrored.delete(key)) continue
    const add = (): Promise<string> => users.addEmail(kept.id, { address, verified }, key, joined.now())
    mended = (await claimed(joined, kept.id, { kind: 'email', key }, add)) || mended
  }
  for (const key of mirrored) {
    // Added first, removed afterwards: the last name of a user is not removed. Where there is no other it is a claim that nobody needs; see `release`.
    if ((await users.removeEmail(kept.id, key, joined.now())) === 'removed') mended = true
  }
  return mended
}

/** Does a deed that claims a name, after releasing the claim of somebody who gave it up. False: somebody else really has it. */
export async function claimed(joined: Joined, userId: string, name: Identifier, deed: () => Promise<string>): Promise<boolean> {
  if (joined.twins.has(userId, name)) return false
  if ((await deed()) !== 'taken') return true
  if ((await release(joined, name)) && (await deed()) !== 'taken') return true
  // Two users of the old app whose names differ by case alone. The adapter tells them apart; a claim cannot.
  joined.twins.add(userId, name)
  return false
}

/** How long a claim may stand for a user whom the adapter is only just creating. */
const CREATION_TAKES = 60_000

/**
 * Takes a name from a mirror whose user does not have it any more, or was never created because the process died. False: it is theirs, or may be
 * in a moment.
 */
export async function release(joined: Joined, name: Identifier): Promise<boolean> {
  const { store, adapter, now } = joined
  const holder = await store.users.find(name)
  // Given up meanwhile.
  if (!holder) return true
  const { claimedAt } = notesOf(holder)
  if (claimedAt !== undefined) {
    if (now() - claimedAt < CREATION_TAKES) return false
    await store.users.remove(holder.id, now())
    return true
  }
  const kept = await adapter.byId(holder.id)
  if (kept && hasName(kept, name)) return false
  // Swapped and not removed: it may be the last one, and the second factor of a user who only seems to be gone must stay.
  const standIn = `released-${createHash('sha256').update(`${holder.id} ${name.key}`).digest('hex').slice(0, 32)}`
  if (name.kind === 'username') await store.users.setUsername(holder.id, standIn, standIn, now())
  else if (name.kind === 'email') {
    const address = `${standIn}@latchkey.invalid`
    await store.users.replaceEmail(holder.id, name.key, { address, verified: false }, address, now())
  } else if (name.kind !== 'id') await store.users.unlink(holder.id, name.kind, () => true)
  return true
}
