import { isDeepStrictEqual } from 'node:util'
import { passwordCredential, passwordOf } from '../../core/identity/credential.ts'
import type { Credential, StoredPassword } from '../../core/identity/credential.ts'
import type { PasswordChange, UserStore } from '../../core/store.ts'
import { copy } from './data.ts'
import type { MemoryData, UserRow } from './data.ts'
import { endAllSessions } from './end.ts'
import { noteUser } from './users.ts'

type Deeds = Pick<
  UserStore,
  'credentials' | 'putCredential' | 'removeCredential' | 'swapCredential' | 'upgradePassword' | 'passwordForms' | 'changePassword'
>

/** What users prove themselves with. */
export function credentialDeeds(data: MemoryData): Deeds {
  return {
    credentials: userId => data.deed(() => copy(data.users.get(userId)?.credentials ?? [])),

    putCredential: (given, along) =>
      data.deed(() => {
        const [credential, ride] = [copy(given), data.prepare(along)]
        const row = data.users.get(credential.userId)
        if (!row) return
        putCredential(row, credential)
        ride()
      }),

    removeCredential: (userId, kind, id, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        const row = data.users.get(userId)
        const found = row?.credentials.findIndex(credential => credential.kind === kind && credential.id === id) ?? -1
        if (!row || found < 0) return false
        row.credentials.splice(found, 1)
        ride()
        return true
      }),

    swapCredential: (swap, along) =>
      data.deed(() => {
        const [{ expected, next }, ride] = [copy(swap), data.prepare(along)]
        const { userId, kind, id } = swap.expected ?? swap.next
        const row = data.users.get(userId)
        const kept = row?.credentials.find(credential => credential.kind === kind && credential.id === id) ?? null
        if (!row || !isDeepStrictEqual(kept, expected)) return false
        row.credentials = row.credentials.filter(credential => credential !== kept)
        if (next) row.credentials.push(next)
        ride()
        return true
      }),

    upgradePassword: (userId, expected, next, now) =>
      data.deed(() => {
        const row = data.users.get(userId)
        const kept = row?.credentials.find(credential => credential.kind === 'password')
        if (!row || !kept || !isSame(passwordOf([kept]), expected)) return false
        putCredential(row, { ...passwordCredential(userId, next, now), createdAt: kept.createdAt })
        return true
      }),

    passwordForms: () =>
      data.deed(() => {
        const forms: Partial<Record<string, number>> = {}
        for (const { credentials } of data.users.values()) {
          const form = passwordOf(credentials)?.form
          if (form) forms[form] = (forms[form] ?? 0) + 1
        }
        return forms
      }),

    changePassword: (change, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        const row = data.users.get(change.userId)
        if (!row || !isAllowed(data, change)) return 'gone'
        if (change.expected !== undefined && !isSame(passwordOf(row.credentials), change.expected)) return 'stale'
        setPassword(data, row, change)
        ride()
        return 'changed'
      }),
  }
}

function isAllowed(data: MemoryData, { userId, consume, now }: PasswordChange): boolean {
  return !consume || data.goodToken(consume.hash, consume.purpose, now)?.userId === userId
}

function setPassword(
  data: MemoryData,
  row: UserRow,
  { userId, password, now, consume, verifyEmailKey, endSessionsExcept, keepLinks }: PasswordChange,
): void {
  putCredential(row, passwordCredential(userId, password, now))
  if (consume) data.dropToken(consume.hash)
  if (!keepLinks) data.dropTokensOf(userId, ({ purpose }) => purpose === 'reset-password' || purpose === 'enroll-account')
  const proven = verifyEmailKey === undefined ? undefined : row.user.emails[row.emailKeys.indexOf(verifyEmailKey)]
  if (proven) proven.verified = true
  noteUser(data, row, now)
  if (endSessionsExcept === undefined) return
  const from = row.user.epoch
  row.user.epoch += 1
  const keep = endSessionsExcept === null ? undefined : { sessionId: endSessionsExcept, epoch: { from, to: row.user.epoch } }
  endAllSessions(data, userId, 'password-changed', now, keep)
}

function putCredential(row: UserRow, credential: Credential): void {
  const others = row.credentials.filter(({ kind, id }) => kind !== credential.kind || id !== credential.id)
  row.credentials = [...others, credential]
}

const isSame = (kept: StoredPassword | null, expected: StoredPassword | null): boolean =>
  kept?.form === expected?.form && kept?.hash === expected?.hash
