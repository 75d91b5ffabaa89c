/** What tests of the second factor share: an authenticator app. */
import type { LoginResult, TwoFactorSecret } from '@latchkey/common'
import { Secret, TOTP } from 'otpauth'
import type { SessionAndUser } from '../core/session/session.ts'
import type { World } from './index.ts'

/** One time step of such an app, in milliseconds. */
export const STEP = 30_000

/** What an app that holds the secret shows, so many steps from now. */
export function codeOf({ base32 }: Pick<TwoFactorSecret, 'base32'>, clock: { now(): number }, steps = 0): string {
  return TOTP.generate({ secret: Secret.fromBase32(base32), timestamp: clock.now() + steps * STEP })
}

/** A code that is wrong now and a few steps around. */
export function wrongCode(secret: TwoFactorSecret, clock: { now(): number }): string {
  const right = new Set(Array.from({ length: 23 }, (_, index) => codeOf(secret, clock, index - 11)))
  return Array.from({ length: 30 }, (_, index) => String(index).repeat(6).slice(0, 6)).find(code => !right.has(code)) ?? ''
}

/** A user with the second factor, and the session they set it up from. */
export interface Enrolled {
  tokens: LoginResult['tokens']
  secret: TwoFactorSecret
  recoveryCodes: string[]
  /** The session and user behind the tokens. */
  readonly who: () => Promise<SessionAndUser>
  /** The next code: waits a step, as codes are good once. */
  readonly code: () => string
}

/** Signs a user in, creating them when needed, and sets up their second factor. */
export async function enrolled(world: World, name = 'ada'): Promise<Enrolled> {
  const { accounts } = world.server
  const { tokens } = await world.loginAs(name)
  const who = (): Promise<SessionAndUser> => accounts.check(tokens.accessToken)
  const secret = await accounts.twoFactorSecret(await who(), world.origin)
  const { recoveryCodes } = await accounts.twoFactorSet(await who(), secret, codeOf(secret, world.clock), world.origin)
  const code = (): string => {
    world.clock.pass(STEP)
    return codeOf(secret, world.clock)
  }
  return { tokens, secret, recoveryCodes, who, code }
}
