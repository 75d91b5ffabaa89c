import type { Login } from '../accounts.ts'
import type { Core } from '../core.ts'
import { guesserOf } from '../session/session.ts'
import type { SessionAndUser } from '../session/session.ts'
import type { Origin } from '../strategy.ts'
import { loginSibling } from './login.ts'

/**
 * A twin of a session, with a secret of its own (Meteor's `getNewToken`): proven as that was, as old as that, and over when that would be. The first one
 * stays good until it is ended.
 * @throws AccountsError `InvalidSession`, `UserDeactivated`, `TooManyAttempts`
 */
export async function siblingSession(core: Core, who: SessionAndUser, origin: Origin): Promise<Login> {
  // Each is a row that stays. Counted with its twins: twins of twins are no way around.
  await core.limiter.hit('login', { ip: null, account: `twins-of:${guesserOf(who.session)}` })
  return loginSibling(core, who, origin)
}
