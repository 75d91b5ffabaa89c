/** Addresses. What adds one is certain in the adapter before it is told of; what takes one away, or proves it, is certain in our store first. */
import { emailKey } from '../../core/identity/email.ts'
import type { Identifier } from '../../core/identity/user.ts'
import type { UserStore } from '../../core/store.ts'
import { isDuplicate } from './adapter.ts'
import { deliver } from './along.ts'
import { release } from './claims.ts'
import { findKept } from './find.ts'
import type { Joined } from './joined.ts'
import { knowById } from './mirror.ts'
import { noting } from './notes.ts'

type Deeds = Pick<UserStore, 'addEmail' | 'removeEmail' | 'replaceEmail' | 'verifyEmail'>

/** The addresses of users. */
export function databaseEmails(joined: Joined): Deeds {
  const { adapter, store } = joined
  return {
    async addEmail(userId, email, key, now, along) {
      if (!(await knowById(joined, userId))) return 'gone'
      const name = { kind: 'email', key } as const
      if (await findKept(joined, name)) return 'taken'
      return noting(joined, userId, [name], async () => {
        const outcome = await claiming(joined, name, () => store.users.addEmail(userId, email, key, now))
        if (outcome !== 'added') return outcome
        if (!(await isWritten(() => adapter.addEmail(userId, email.address, email.verified)))) return 'taken'
        await deliver(store, along)
        return 'added'
      })
    },

    async removeEmail(userId, key, now, along) {
      const known = await knowById(joined, userId)
      const address = known?.kept.emails.find(email => email.key === key)?.address
      if (address === undefined) return 'missing'
      return noting(joined, userId, [{ kind: 'email', key }], async () => {
        const outcome = await store.users.removeEmail(userId, key, now, along)
        if (outcome === 'removed') await adapter.removeEmail(userId, address)
        return outcome
      })
    },

    async replaceEmail(userId, oldKey, email, key, now, along) {
      const known = await knowById(joined, userId)
      const old = known?.kept.emails.find(one => one.key === oldKey)?.address
      if (old === undefined) return 'missing'
      if (key !== oldKey && (await findKept(joined, { kind: 'email', key }))) return 'taken'
      const replace = (): Promise<'replaced' | 'taken' | 'missing'> => store.users.replaceEmail(userId, oldKey, email, key, now)
      const names = [oldKey, key].map(one => ({ kind: 'email', key: one }) as const)
      return noting(joined, userId, names, async () => {
        const outcome = await claiming(joined, { kind: 'email', key }, replace)
        if (outcome !== 'replaced') return outcome
        // Adapters keep addresses in lower case: spelt anew it is the same one, and as verified as it was.
        if (old.toLowerCase() !== email.address.toLowerCase()) {
          if (!(await isWritten(() => adapter.addEmail(userId, email.address, email.verified)))) return 'taken'
          await adapter.removeEmail(userId, old)
        }
        await deliver(store, along)
        return 'replaced'
      })
    },

    async verifyEmail(hash, now, along) {
      const token = await store.tokens.find(hash, 'verify-email', now)
      // Puts the mirror right, which has the last word on whose address it is.
      const known = token?.userId == null ? null : await knowById(joined, token.userId)
      const verified = await store.users.verifyEmail(hash, now, along)
      if (verified.outcome !== 'verified') return verified
      const address = known?.kept.emails.find(({ key }) => key === emailKey(verified.address))?.address
      if (address === undefined) return { outcome: 'unknown-address' }
      await adapter.verifyEmail(verified.userId, address)
      return verified
    },
  }
}

/** A deed that claims a name, done again when the one who had claimed it gave it up. */
async function claiming<T extends string>(joined: Joined, name: Identifier, deed: () => Promise<T | 'taken'>): Promise<T | 'taken'> {
  const outcome = await deed()
  return outcome === 'taken' && (await release(joined, name)) ? deed() : outcome
}

/** False: the database itself says that somebody has it. The mirror is put right by the next read. */
async function isWritten(write: () => Promise<void>): Promise<boolean> {
  try {
    await write()
    return true
  } catch (error) {
    if (isDuplicate(error)) return false
    throw error
  }
}
