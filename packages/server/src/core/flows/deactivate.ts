import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import type { Origin } from '../strategy.ts'
import { changed } from './changed.ts'

/** Refuses further logins and ends every session at once. False: no such user. */
export const deactivateUser = (core: Core, userId: string, origin: Origin): Promise<boolean> => setDeactivated(core, userId, true, origin)

/** Lets the user sign in again. Sessions that were ended stay ended. False: no such user. */
export const activateUser = (core: Core, userId: string, origin: Origin): Promise<boolean> => setDeactivated(core, userId, false, origin)

async function setDeactivated(core: Core, userId: string, deactivated: boolean, origin: Origin): Promise<boolean> {
  const audit = [auditEvent(core, deactivated ? 'user-deactivated' : 'user-activated', origin, { userId })]
  const found = await core.store.users.setDeactivated(userId, deactivated, core.clock.now(), { audit })
  await changed(core, userId)
  return found
}
