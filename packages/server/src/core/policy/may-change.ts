import { AccountsError } from '@latchkey/common'
import type { SessionAndUser } from '../session/session.ts'

/**
 * Whoever acts as another user may use the account, not take it over. Asked by every flow in which a session changes what its own user proves
 * themselves with, is found by, or is signed in on, and before everything known about them leaves.
 * @param deed what is refused, for the message
 * @throws AccountsError `Forbidden`
 */
export function refuseImpersonated({ session }: SessionAndUser, deed = 'change credentials'): void {
  if (session.impersonatorId !== undefined) throw new AccountsError('Forbidden', { message: `An impersonated session cannot ${deed}` })
}
