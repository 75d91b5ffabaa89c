/**
 * Two databases and one user. The app's adapter is the truth about who somebody is: names, addresses, password hash, accounts elsewhere, active or not.
 * Our store beside it keeps a mirror of each user we have seen, under the same id: what the adapter cannot hold (epoch, spelling, sealed secrets), the
 * unique keys the user claims, and a fingerprint of the password hash.
 *
 * Nobody tells us when the old app writes, so each read compares. What differs is put right in our store by the very deed that would have changed it
 * here: a password that the old app changed ends our sessions, and so does a user it deactivated.
 */
import { passwordCredential } from '../../core/identity/credential.ts'
import type { Credential } from '../../core/identity/credential.ts'
import type { User } from '../../core/identity/user.ts'
import { presentedTwoFactor } from './accounts.ts'
import { identifiersOf } from './claims.ts'
import { differences } from './differences.ts'
import { notesOf } from './joined.ts'
import type { Joined, Known, Seen } from './joined.ts'
import { isNote } from './notes.ts'
import { formOf, isSamePassword, isUnderWay, mirrored, printOf } from './prints.ts'
import type { KeptUser } from './shapes.ts'

/** Both databases on one user, the mirror put right where it lags behind. Null when they were removed meanwhile. */
export async function know(joined: Joined, kept: KeptUser): Promise<Known | null> {
  const seen = await look(joined, kept.id)
  if (seen && isInStep(joined, kept, seen)) return { ...present(kept, seen), mended: false }
  if (!seen && !(await adopt(joined, kept))) return null
  await mend(joined, kept.id)
  const latest = await lookInOrder(joined, kept.id)
  return latest && { ...present(latest.kept, latest.seen), mended: true }
}

/** The same by id; null for nobody, whatever the mirror says. */
export async function knowById(joined: Joined, userId: string): Promise<Known | null> {
  const kept = await joined.adapter.byId(userId)
  return kept && know(joined, kept)
}

async function look({ adapter, store }: Joined, id: string): Promise<Seen | null> {
  const [mirror, rows, hash] = await Promise.all([
    store.users.find({ kind: 'id', key: id }),
    store.users.credentials(id),
    adapter.passwordHash(id),
  ])
  return mirror && { mirror, rows, hash }
}

/** The same, our side first: see `notes.ts`. */
async function lookInOrder({ adapter, store }: Joined, id: string): Promise<{ kept: KeptUser; seen: Seen } | null> {
  const [mirror, rows] = await Promise.all([store.users.find({ kind: 'id', key: id }), store.users.credentials(id)])
  const [kept, hash] = await Promise.all([adapter.byId(id), adapter.passwordHash(id)])
  return mirror && kept && { kept, seen: { mirror, rows, hash } }
}

/**
 * The first time we see a user of the old app's. Names that a mirror of somebody else claims are sorted out one by one. False: they were just removed, and
 * what we saw was from before.
 */
async function adopt(joined: Joined, kept: KeptUser): Promise<boolean> {
  const { adapter, store, now } = joined
  const hash = await adapter.passwordHash(kept.id)
  const at = kept.createdAt ?? now()
  const bare: User = {
    id: kept.id,
    emails: [],
    createdAt: at,
    updatedAt: kept.updatedAt ?? at,
    ...(kept.deactivated ? { deactivatedAt: kept.updatedAt ?? at } : {}),
    epoch: 0,
    custom: {},
  }
  const credentials = hash === null ? [] : [passwordCredential(kept.id, printOf(formOf(hash), hash), at)]
  const named: User = {
    ...bare,
    ...(kept.username === undefined ? {} : { username: kept.username }),
    emails: kept.emails.map(({ address, verified }) => ({ address, verified })),
  }
  const outcome = await store.users.insert({ user: named, credentials, identifiers: identifiersOf(kept) })
  if (!outcome.inserted && outcome.taken !== 'id') await store.users.insert({ user: bare, credentials, identifiers: [] })
  if (await adapter.byId(kept.id)) return true
  await store.users.remove(kept.id, now())
  return false
}

function isInStep(joined: Joined, kept: KeptUser, seen: Seen): boolean {
  return isPasswordInStep(joined, seen) && isActiveInStep(kept, seen) && differences(joined, kept, seen).length === 0
}

const isPasswordInStep = ({ now }: Joined, { rows, hash }: Seen): boolean => isSamePassword(rows, hash) || isUnderWay(rows, hash, now())

const isActiveInStep = (kept: KeptUser, { mirror }: Seen): boolean => kept.deactivated === (mirror.deactivatedAt !== undefined)

/** Puts the mirror right. */
async function mend(joined: Joined, id: string): Promise<void> {
  const found = await lookInOrder(joined, id)
  if (!found) return
  const { kept, seen } = found
  if (!isPasswordInStep(joined, seen)) await mendPassword(joined, id, seen)
  if (!isActiveInStep(kept, seen)) await joined.store.users.setDeactivated(id, kept.deactivated, joined.now())
  for (const mendOne of differences(joined, kept, seen)) await mendOne()
}

/** The old app changed the password: what a change here would do, done now. */
async function mendPassword({ store, now }: Joined, userId: string, { rows, hash }: Seen): Promise<void> {
  if (hash === null) {
    await store.sessions.endAll(userId, 'password-changed', now())
    await store.users.removeCredential(userId, 'password', '')
  } else {
    const password = printOf(formOf(hash), hash)
    await store.users.changePassword({ userId, password, now: now(), expected: mirrored(rows), endSessionsExcept: null })
  }
}

// ------------------------------------------------------------------------------------------------------------ presenting

function present(kept: KeptUser, seen: Seen): Omit<Known, 'mended'> {
  return { user: presentedUser(kept, seen.mirror), credentials: presentedCredentials(kept, seen), kept, seen }
}

/** The adapter's word on who it is; ours on spelling, order, times and epoch. */
function presentedUser(kept: KeptUser, mirror: User): User {
  const notes = notesOf(mirror)
  return {
    id: kept.id,
    ...(kept.username === undefined ? {} : { username: kept.username }),
    emails: presentedEmails(kept, mirror),
    createdAt: mirror.createdAt,
    updatedAt: mirror.updatedAt,
    ...(mirror.deactivatedAt === undefined ? {} : { deactivatedAt: mirror.deactivatedAt }),
    epoch: mirror.epoch,
    custom: notes.own ?? { ...notes.given, ...kept.custom },
  }
}

function presentedEmails(kept: KeptUser, mirror: User): User['emails'] {
  // Adapters write addresses in lower case, and have no order to speak of.
  const spelt = new Map(mirror.emails.map(({ address }, at) => [address.toLowerCase(), { address, at }]))
  const placeOf = (address: string): number => spelt.get(address)?.at ?? mirror.emails.length
  return kept.emails
    .toSorted((a, b) => placeOf(a.address) - placeOf(b.address))
    .map(({ address, verified }) => ({ address: spelt.get(address)?.address ?? address, verified }))
}

function presentedCredentials(kept: KeptUser, { rows, hash }: Seen): Credential[] {
  const shown = rows.filter(row => !isNote(row))
  const password = shown.find(({ kind }) => kind === 'password')
  const others = presentedTwoFactor(
    kept,
    shown.filter(({ kind }) => kind !== 'password'),
  )
  // While a change is under way neither the old nor the new password is good.
  return password && hash !== null && isSamePassword(rows, hash) ? [{ ...password, secret: hash }, ...others] : others
}
