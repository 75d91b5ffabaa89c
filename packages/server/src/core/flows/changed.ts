import type { Core } from '../core.ts'

/** Every flow that ended a session or changed a user calls this before it answers, so that no check passes on what was known before. */
export async function changed(core: Core, userId: string): Promise<void> {
  core.cache.forget(userId)
  core.watchers.tell(userId)
  await core.store.bus?.publish(userId)
}
