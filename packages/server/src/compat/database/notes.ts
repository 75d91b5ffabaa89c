/**
 * Notes that something is being written to both databases. They are made before the first is written and taken away after the last, so that whoever reads our side first
 * and the adapter second either sees both written, or the note, and takes nothing that is half-way for a change by the old app.
 */
import { randomUUID } from 'node:crypto'
import type { Credential } from '../../core/identity/credential.ts'
import type { Identifier } from '../../core/identity/user.ts'
import type { Joined } from './joined.ts'

const PASSWORD_CHANGE = 'password-change'
const NAME_CHANGE = 'name-change'

/** What takes longer than this died on the way. */
const CHANGE_TAKES = 30_000

/** Does something that gives or takes these names, noted meanwhile. */
export const noting = <T>(joined: Joined, userId: string, names: readonly Identifier[], deed: () => Promise<T>): Promise<T> =>
  noted(
    joined,
    userId,
    NAME_CHANGE,
    names.map(({ kind, key }) => ({ kind, key })),
    deed,
  )

/** Does something that puts another password in the place of one, noted meanwhile. Both are given by their fingerprints. */
export const notingPassword = <T>(joined: Joined, userId: string, from: string | null, to: string, deed: () => Promise<T>): Promise<T> =>
  noted(joined, userId, PASSWORD_CHANGE, [{ from, to }], deed)

async function noted<T>(
  { store: { users }, now }: Joined,
  userId: string,
  kind: string,
  about: Record<string, unknown>[],
  deed: () => Promise<T>,
): Promise<T> {
  const at = now()
  const notes = about.map(data => ({ userId, kind, id: randomUUID(), data, createdAt: at, updatedAt: at }))
  for (const note of notes) await users.putCredential(note)
  try {
    return await deed()
  } finally {
    for (const { id } of notes) await users.removeCredential(userId, kind, id)
  }
}

/** Somebody is giving or taking this name, or, without a key, any of its kind. */
export const isNoted = (rows: readonly Credential[], { kind, key }: { kind: string; key?: string }, now: number): boolean =>
  rows.some(row => row.kind === NAME_CHANGE && isFresh(row, now) && row.data.kind === kind && (key === undefined || row.data.key === key))

/** The password is being changed from one fingerprint to the other. */
export const isPasswordNoted = (rows: readonly Credential[], from: string | null, to: string | undefined, now: number): boolean =>
  rows.some(row => row.kind === PASSWORD_CHANGE && isFresh(row, now) && row.data.from === from && row.data.to === to)

/** True for what is nobody's credential. */
export const isNote = ({ kind }: Credential): boolean => kind === NAME_CHANGE || kind === PASSWORD_CHANGE

const isFresh = ({ createdAt }: Credential, now: number): boolean => now - createdAt <= CHANGE_TAKES
