import type { Core } from '../core.ts'
import { keptCustom, liveCustom } from '../identity/custom.ts'
import { changed } from './changed.ts'

/** The app's own fields, as they are to be after what they are now. May change and hand back what it is given. */
export type FieldsChange = (fields: Record<string, unknown>) => Record<string, unknown>

/**
 * Changes a user's own fields by what they are at that moment: of changes at once none is lost. False: no such user. What `change` throws is thrown, and
 * nothing was written. Not in the audit trail: what these fields mean the app alone knows.
 */
export async function changeFields(core: Core, userId: string, change: FieldsChange): Promise<boolean> {
  const { face } = core.settings
  const isThere = await core.store.users.changeCustom(userId, kept => keptCustom(face, change(liveCustom(face, kept))), core.clock.now())
  if (isThere) await changed(core, userId)
  return isThere
}
