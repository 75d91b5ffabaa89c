/**
 * Names are claimed in our store, because adapters look first and write afterwards, and for SQL do not even keep user names unique. A claim is only
 * as good as what the adapter says: one that a user gave up through the old app is released when somebody else asks for it.
 */
import { createHash } from 'node:crypto'
import type { Identifier } from '../../core/identity/user.ts'
import { usernameKey } from '../../core/identity/username.ts'
import { isProvider } from '../../core/identity/linked-account.ts'
import { notesOf } from './joined.ts'
import type { Joined } from './joined.ts'
import { isNoted } from './notes.ts'
import type { KeptUser } from './shapes.ts'

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

/** Names in the place of those that were released (RFC 2606: no mail ever arrives there). */
const STAND_IN = 'released-'
const NOWHERE = 'latchkey.invalid'

/** True for an address that stands for one that was released. */
export const isStandIn = (key: string): boolean => key.startsWith(STAND_IN) && key.endsWith(`@${NOWHERE}`)

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
  // Our side first: see `notes.ts`.
  if (isNoted(await store.users.credentials(holder.id), name, now())) return false
  const kept = await adapter.byId(holder.id)
  if (kept && hasName(kept, name)) return false
  // Swapped and not removed: it may be the last one, and the second factor of a user who only seems to be gone must stay.
  const standIn = `${STAND_IN}${createHash('sha256').update(`${holder.id} ${name.key}`).digest('hex').slice(0, 32)}`
  if (name.kind === 'username') await store.users.setUsername(holder.id, standIn, standIn, now())
  else if (name.kind === 'email') {
    const address = `${standIn}@${NOWHERE}`
    await store.users.replaceEmail(holder.id, name.key, { address, verified: false }, address, now())
  } else if (name.kind !== 'id') await store.users.unlink(holder.id, name.kind, () => true)
  return true
}
