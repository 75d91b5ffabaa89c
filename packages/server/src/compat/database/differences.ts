/** Where a mirror and the adapter disagree on the names of a user, and how the mirror is put right. */
import type { Credential, LinkedAccount } from '../../core/identity/credential.ts'
import { emailKey } from '../../core/identity/email.ts'
import type { Identifier } from '../../core/identity/user.ts'
import { usernameKey } from '../../core/identity/username.ts'
import { accountsOf, providerOf } from './accounts.ts'
import { isStandIn, release } from './claims.ts'
import type { Joined, Seen } from './joined.ts'
import { isNoted } from './notes.ts'
import type { KeptUser } from './shapes.ts'

type Mend = () => Promise<void>

/** What is to be done, in this order: names are added before others are removed, because the last one of a user is never removed. */
export function differences(joined: Joined, kept: KeptUser, seen: Seen): Mend[] {
  return [...usernames(joined, kept, seen), ...emails(joined, kept, seen), ...accounts(joined, kept, seen)]
}

function usernames(joined: Joined, { id, username }: KeptUser, { mirror, rows }: Seen): Mend[] {
  if (username === undefined || username === mirror.username || isNoted(rows, { kind: 'username' }, joined.now())) return []
  const key = usernameKey(username)
  return claiming(joined, id, { kind: 'username', key }, () => joined.store.users.setUsername(id, username, key, joined.now()))
}

function emails(joined: Joined, { id, username, emails: kept }: KeptUser, { mirror, rows }: Seen): Mend[] {
  const { store, now } = joined
  const isFree = (key: string): boolean => !isNoted(rows, { kind: 'email', key }, now())
  const mirrored = new Set(mirror.emails.map(({ address }) => emailKey(address)))
  const missing = kept.filter(({ key }) => !mirrored.delete(key) && isFree(key))
  const hasOther = username !== undefined || kept.length > 0
  const surplus = [...mirrored].filter(key => isFree(key) && (hasOther || !isStandIn(key)))
  return [
    ...missing.flatMap(({ address, verified, key }) =>
      claiming(joined, id, { kind: 'email', key }, () => store.users.addEmail(id, { address, verified }, key, now())),
    ),
    ...surplus.map(key => async () => void (await store.users.removeEmail(id, key, now()))),
  ]
}

function accounts(joined: Joined, kept: KeptUser, { rows }: Seen): Mend[] {
  const { users } = joined.store
  const missing = accountsOf(kept, joined.now()).filter(
    ({ kind, id }) => !rows.some(row => row.kind === kind && row.id === id) && isFree(kind),
  )
  const gone = new Set(rows.filter(row => isGone(kept, row) && isFree(row.kind)).map(({ kind }) => kind))
  function isFree(kind: string): boolean {
    return !isNoted(rows, { kind }, joined.now())
  }
  return [
    ...missing.flatMap(account =>
      claiming(joined, kept.id, { kind: account.kind, key: account.id }, () => users.link(account, () => true)),
    ),
    // Those that `isGone` names are of this kind.
    ...[...gone].map(kind => async () => void (await users.unlink(kept.id, kind as LinkedAccount['kind'], () => true))),
  ]
}

/** The old app unlinked the provider. */
function isGone(kept: KeptUser, { kind }: Credential): boolean {
  const provider = providerOf(kind)
  return provider !== undefined && !kept.accounts.has(provider)
}

/** A deed that claims a name, after the claim of somebody who gave it up was released. */
function claiming(joined: Joined, userId: string, name: Identifier, deed: () => Promise<string>): Mend[] {
  if (joined.twins.has(userId, name)) return []
  const mend = async (): Promise<void> => {
    if ((await deed()) !== 'taken' || (await joined.store.users.find(name))?.id === userId) return
    if ((await release(joined, name)) && (await deed()) !== 'taken') return
    // Two users of the old app whose names differ by case alone. The adapter tells them apart; a claim cannot.
    joined.twins.add(userId, name)
  }
  return [mend]
}
