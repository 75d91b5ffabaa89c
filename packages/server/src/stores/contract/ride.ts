import { expect } from 'vitest'
import type { Along, Store } from '../../core/store.ts'
import { makeEvent, makeMail, makeToken, newId } from './make.ts'

/** One of everything that can ride along with a deed, and a look at what became of it. */
export interface Ride {
  along: Required<Along>
  /** All of it was written. */
  expectWritten(): Promise<void>
  /** None of it was. */
  expectNothing(): Promise<void>
}

/** Prepares a ride about a user. Looks at the size of the outbox, so no other mail may come or go in between. */
export async function newRide(store: Store, userId: string): Promise<Ride> {
  const event = makeEvent(userId, { type: 'user-changed' })
  const token = makeToken(userId, { purpose: 'login-link', address: `${newId()}@example.org` })
  const along: Required<Along> = { audit: [event], mail: [makeMail(userId)], token }
  const before = await store.outbox.size()

  const arrived = async (): Promise<{ audit: boolean; mail: number; token: boolean }> => ({
    audit: (await store.audit.list({ userId, limit: 1000 })).some(line => line.id === event.id),
    mail: (await store.outbox.size()) - before,
    token: (await store.tokens.find(token.hash, token.purpose, token.createdAt)) !== null,
  })
  return {
    along,
    expectWritten: async () => expect(await arrived()).toEqual({ audit: true, mail: 1, token: true }),
    expectNothing: async () => expect(await arrived()).toEqual({ audit: false, mail: 0, token: false }),
  }
}
