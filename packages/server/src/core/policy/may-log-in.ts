import { AccountsError } from '@latchkey/common'
import type { User } from '../identity/user.ts'

/**
 * Whether a proven user may have a session at all. Asked on every path that opens or continues one.
 * @throws AccountsError `UserDeactivated`
 */
export function refuseDeactivated(user: User): void {
  // Said only to somebody who has just proven to be the user, so it tells a stranger nothing.
  if (user.deactivatedAt !== undefined) throw new AccountsError('UserDeactivated')
}
