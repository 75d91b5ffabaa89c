import type { UserStore } from '../../core/store.ts'
import { copy, identifierKey } from './data.ts'
import type { MemoryData, UserRow } from './data.ts'
import { noteUser, swapIdentifier } from './users.ts'

type Deeds = Pick<UserStore, 'addEmail' | 'removeEmail' | 'replaceEmail' | 'verifyEmail'>

/** The addresses of users. */
export function emailDeeds(data: MemoryData): Deeds {
  return {
    addEmail: (userId, email, key, now, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        const row = data.users.get(userId)
        if (!row) return 'gone'
        if (data.identifiers.has(identifierKey('email', key))) return 'taken'
        row.user.emails.push(copy(email))
        row.emailKeys.push(key)
        swapIdentifier(data, row, 'email', undefined, key)
        noteUser(data, row, now)
        ride()
        return 'added'
      }),

    removeEmail: (userId, key, now, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        const row = data.users.get(userId)
        const index = row?.emailKeys.indexOf(key) ?? -1
        if (!row || index < 0) return 'missing'
        if (row.user.username === undefined && row.user.emails.length === 1) return 'last'
        dropTokensTo(data, row, index)
        row.user.emails.splice(index, 1)
        row.emailKeys.splice(index, 1)
        swapIdentifier(data, row, 'email', key, undefined)
        noteUser(data, row, now)
        ride()
        return 'removed'
      }),

    replaceEmail: (userId, oldKey, email, key, now, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        const row = data.users.get(userId)
        const index = row?.emailKeys.indexOf(oldKey) ?? -1
        if (!row || index < 0) return 'missing'
        if (key !== oldKey && data.identifiers.has(identifierKey('email', key))) return 'taken'
        dropTokensTo(data, row, index)
        row.user.emails[index] = { address: email.address, verified: email.verified }
        row.emailKeys[index] = key
        swapIdentifier(data, row, 'email', oldKey, key)
        noteUser(data, row, now)
        ride()
        return 'replaced'
      }),

    verifyEmail: (hash, now, along) =>
      data.deed(() => {
        const token = data.goodToken(hash, 'verify-email', now)
        if (!token) return { outcome: 'expired' }
        const { userId, address } = token
        const row = userId === null ? undefined : data.users.get(userId)
        const email = row?.user.emails.find(candidate => candidate.address === address)
        if (!row || !email) {
          data.dropToken(hash)
          return { outcome: 'unknown-address' }
        }
        const ride = data.prepare(along?.(row.user.id, address))
        data.dropToken(hash)
        email.verified = true
        noteUser(data, row, now)
        ride()
        return { outcome: 'verified', userId: row.user.id, address }
      }),
  }
}

/** What was sent to an address proves nothing once the address is not the user's any more. */
function dropTokensTo(data: MemoryData, { user }: UserRow, index: number): void {
  const address = user.emails[index]?.address
  data.dropTokensOf(user.id, token => token.address === address)
}
