/** What the tests of several flows share. */
import { PASSWORD } from './index.ts'
import type { World } from './index.ts'
import type { Login } from '../core/accounts.ts'
import type { SecondFactor } from '../core/strategy.ts'

export const NEW_PASSWORD = 'a rather different sentence'

export function login(world: World, email: string, password = PASSWORD): Promise<Login> {
  return world.server.accounts.login('password', { user: { email }, password }, world.origin)
}

/** A factor for tests: knowing another word. */
export function wordFactor(): SecondFactor {
  return {
    kind: 'word',
    verify: async (_userId, answer) => (answer === 'sesame' ? { name: 'word', kind: 'holds', at: 0 } : null),
  }
}

/** Gives a user that factor. */
export const enrol = (world: World, userId: string): Promise<void> =>
  world.server.accounts.core.store.users.putCredential({ userId, kind: 'word', id: '', data: {}, createdAt: 0, updatedAt: 0 })
