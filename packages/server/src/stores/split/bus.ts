import { stopOf } from '@latchkey/common'
import type { Bus } from '../../core/store.ts'

/** Trusted when both are, heard from either, told on both. With one bus alone half of the changes would go unheard: then there is none. */
export function joinBuses(users: Bus | undefined, sessions: Bus | undefined): Bus | undefined {
  if (!users || !sessions) return undefined
  return {
    async open() {
      await users.open()
      await sessions.open()
    },
    async close() {
      await users.close()
      await sessions.close()
    },
    trusted() {
      // Both are asked each time: a bus may notice what others did, and tell, only when asked.
      const [first, second] = [users.trusted(), sessions.trusted()]
      return first && second
    },
    listen(listener) {
      const stops = [users.listen(listener), sessions.listen(listener)]
      return stopOf(() => {
        for (const stop of stops) stop()
      })
    },
    async publish(userId) {
      await Promise.all([users.publish(userId), sessions.publish(userId)])
    },
  }
}
