import { AccountsError } from '@latchkey/common'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { parseUsername } from '../identity/username.ts'
import type { Origin } from '../strategy.ts'
import { changed } from './changed.ts'

/**
 * Gives a user another name to sign in with, for the app's own code; the old one is free again. One's own name may change its case.
 * @throws AccountsError `UserNotFound`, `InvalidUsername`, `UsernameAlreadyExists`
 */
export async function setUsername(core: Core, userId: string, given: unknown, origin: Origin): Promise<void> {
  const parsed = typeof given === 'string' && (core.settings.password.validateUsername?.(given) ?? true) ? parseUsername(given) : null
  if (!parsed) throw new AccountsError('InvalidUsername', { details: { field: 'username' } })
  const audit = [auditEvent(core, 'user-changed', origin, { userId, data: { field: 'username' } })]
  const outcome = await core.store.users.setUsername(userId, parsed.username, parsed.key, core.clock.now(), { audit })
  if (outcome === 'gone') throw new AccountsError('UserNotFound')
  if (outcome === 'taken') throw new AccountsError('UsernameAlreadyExists', { details: { field: 'username' } })
  await changed(core, userId)
}
