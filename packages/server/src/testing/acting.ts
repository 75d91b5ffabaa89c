/** What tests of impersonation share. */
import type { LoginResult, Tokens } from '@latchkey/common'
import type { Login } from '../core/accounts.ts'
import type { Impersonation } from '../core/flows/impersonate.ts'
import type { User } from '../core/identity/user.ts'
import type { World } from './index.ts'

/** Options with which everybody may act as everybody. */
export const anybody: { impersonationAuthorize: () => boolean } = { impersonationAuthorize: () => true }

/** An administrator who acts as ada. */
export interface Acting {
  world: World
  admin: LoginResult
  target: User
  login: Login
  tokens: Tokens
}

export async function acting(world: World): Promise<Acting> {
  const [admin, target] = [await world.loginAs('admin'), await world.createUser('ada')]
  const { login, tokens } = await impersonated(world, admin.tokens.accessToken, { userId: target.id })
  return { world, admin, target, login, tokens }
}

export const ask = (world: World, accessToken: unknown, identity: unknown): Promise<Impersonation> =>
  world.server.accounts.impersonate(accessToken, identity, world.origin)

/** Asks, and fails when the answer is no. */
export async function impersonated(
  world: World,
  accessToken: unknown,
  identity: unknown,
): Promise<{ login: Login; tokens: Tokens; user: User }> {
  const found = await ask(world, accessToken, identity)
  if (!found.authorized || !found.login.tokens) throw new Error('not authorized')
  return { login: found.login, tokens: found.login.tokens, user: found.login.user }
}
