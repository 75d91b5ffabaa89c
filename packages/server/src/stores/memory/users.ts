import type { Identifier, NewUser, User } from '../../core/identity/user.ts'
import { userFailureKey } from '../../core/store.ts'
import type { Insertion, LoginCandidate, LoginLookup, UserStore } from '../../core/store.ts'
import { failuresOf, raise } from './attempts.ts'
import { copy, identifierKey } from './data.ts'
import type { MemoryData, UserRow } from './data.ts'
import { endAllSessions, isDeviceSeen, removeSessions } from './end.ts'

type Deeds = Pick<
  UserStore,
  | 'insert'
  | 'insertMany'
  | 'find'
  | 'beginLogin'
  | 'setUsername'
  | 'setCustom'
  | 'changeCustom'
  | 'setDeactivated'
  | 'remove'
  | 'list'
  | 'count'
>

/** Users themselves: their coming and going, their names and fields. */
export function userDeeds(data: MemoryData): Deeds {
  return {
    insert: (given, along) =>
      data.deed(() => {
        const row = rowOf(copy(given))
        const ride = data.prepare(along)
        const insertion = insertRow(data, row)
        if (insertion.inserted) ride()
        return insertion
      }),

    insertMany: given =>
      data.deed(() => {
        const rows = given.map(each => rowOf(copy(each)))
        return rows.map(row => insertRow(data, row))
      }),

    find: identifier => data.deed(() => copyUser(data.userBy(identifier))),

    beginLogin: lookup => data.deed(() => beginLogin(data, lookup)),

    setUsername: (userId, username, key, now, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        const row = data.users.get(userId)
        if (!row) return 'gone'
        const owner = data.identifiers.get(identifierKey('username', key))
        if (owner !== undefined && owner !== userId) return 'taken'
        swapIdentifier(data, row, 'username', row.usernameKey, key)
        row.usernameKey = key
        row.user.username = username
        noteUser(data, row, now)
        ride()
        return 'set'
      }),

    setCustom: (userId, custom, now) =>
      data.deed(() => {
        const fields = copy(custom)
        const row = data.users.get(userId)
        if (!row) return false
        row.user.custom = fields
        noteUser(data, row, now)
        return true
      }),

    changeCustom: (userId, change, now) =>
      data.deed(() => {
        const row = data.users.get(userId)
        if (!row) return false
        row.user.custom = copy(change(copy(row.user.custom)))
        noteUser(data, row, now)
        return true
      }),

    setDeactivated: (userId, deactivated, now, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        const row = data.users.get(userId)
        if (!row) return false
        noteUser(data, row, now)
        if (deactivated) {
          row.user.deactivatedAt = now
          row.user.epoch += 1
          endAllSessions(data, userId, 'deactivated', now)
        } else {
          delete row.user.deactivatedAt
        }
        ride()
        return true
      }),

    remove: (userId, now, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        const row = data.users.get(userId)
        if (!row) return false
        data.users.delete(userId)
        for (const { kind, key } of row.identifiers) data.identifiers.delete(identifierKey(kind, key))
        data.dropTokensOf(userId, () => true)
        for (const [id, { mail }] of data.outbox) if (mail.userId === userId) data.outbox.delete(id)
        removeSessions(data, userId, now)
        data.pseudonymise(userId)
        data.noteChange(userId)
        ride()
        return true
      }),

    list: ({ after = '', limit, search }) =>
      data.deed(() => {
        const ids = [...data.users.keys()].filter(id => id > after).toSorted()
        const rows = ids.flatMap(id => data.users.get(id) ?? []).filter(row => search === undefined || startsWith(row, search))
        return rows.slice(0, limit).map(row => copy(row.user))
      }),

    count: () => data.deed(() => data.users.size),
  }
}

/** Notes that a user changed, for `updatedAt` and for caches. */
export function noteUser(data: MemoryData, row: UserRow, now: number): void {
  row.user.updatedAt = now
  data.noteChange(row.user.id)
}

/** Gives up one key of a user and claims another that is known to be free or their own. */
export function swapIdentifier(
  data: MemoryData,
  row: UserRow,
  kind: Identifier['kind'],
  old: string | undefined,
  next: string | undefined,
): void {
  if (old !== undefined) data.identifiers.delete(identifierKey(kind, old))
  row.identifiers = row.identifiers.filter(identifier => identifier.kind !== kind || identifier.key !== old)
  if (next === undefined) return
  data.identifiers.set(identifierKey(kind, next), row.user.id)
  row.identifiers.push({ kind, key: next })
}

function insertRow(data: MemoryData, row: UserRow): Insertion {
  if (data.users.has(row.user.id)) return { inserted: false, taken: 'id' }
  const taken = row.identifiers.find(({ kind, key }) => data.identifiers.has(identifierKey(kind, key)))
  if (taken) return { inserted: false, taken: taken.kind }
  data.users.set(row.user.id, row)
  for (const { kind, key } of row.identifiers) data.identifiers.set(identifierKey(kind, key), row.user.id)
  return { inserted: true }
}

function beginLogin(data: MemoryData, { identifier, counts, failureKey, device, now }: LoginLookup): LoginCandidate {
  const row = identifier ? data.userBy(identifier) : undefined
  return {
    user: copyUser(row),
    credentials: copy(row?.credentials ?? []),
    tallies: raise(data, counts, now),
    failures: {
      identifier: failureKey === null ? null : failuresOf(data, failureKey, now),
      user: row ? failuresOf(data, userFailureKey(row.user.id), now) : null,
    },
    deviceSeen: row ? isDeviceSeen(data, row.user.id, device) : false,
  }
}

function rowOf({ user, credentials, identifiers }: NewUser): UserRow {
  const emails = identifiers.filter(identifier => identifier.kind === 'email')
  return {
    user,
    emailKeys: user.emails.map((_, index) => emails[index]?.key),
    usernameKey: identifiers.find(identifier => identifier.kind === 'username')?.key,
    identifiers,
    credentials,
  }
}

const copyUser = (row: UserRow | undefined): User | null => (row ? copy(row.user) : null)

const startsWith = ({ identifiers }: UserRow, search: string): boolean =>
  identifiers.some(({ kind, key }) => (kind === 'username' || kind === 'email') && key.startsWith(search))
