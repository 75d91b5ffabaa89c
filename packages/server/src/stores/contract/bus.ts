import { expect, test, vi } from 'vitest'
import type { TestContext } from 'vitest'
import type { Stop } from '@latchkey/common'
import type { Bus, Store } from '../../core/store.ts'
import { insertUser, makeRotation, newHash, newId, newPassword, NOW, openSession } from './make.ts'
import type { Setup } from './make.ts'

/** Longer than any bus may take, so that a slow machine fails no test. */
const PATIENCE = { timeout: 10_000, interval: 5 }

const TIP = newHash()

/** What is announced to caches, here and in other processes. A store without a bus skips this part: its sessions are not cached. */
export function busContract({ open }: Setup): void {
  const DEEDS: Record<string, (on: Store, userId: string, sessionId: string) => Promise<unknown>> = {
    'sessions.end': (on, _, sessionId) => on.sessions.end(sessionId, 'logout', NOW),
    'sessions.endAll': (on, userId) => on.sessions.endAll(userId, 'revoked', NOW),
    'users.setDeactivated': (on, userId) => on.users.setDeactivated(userId, true, NOW),
    'users.changePassword': (on, userId) => on.users.changePassword({ userId, password: newPassword(), now: NOW, endSessionsExcept: null }),
    'users.remove': (on, userId) => on.users.remove(userId, NOW),
    // With a new handle, so that access tokens which carry the old one are good no more.
    'sessions.rotate': (on, _, sessionId) => on.sessions.rotate(makeRotation(sessionId, TIP, { handle: newId() })),
    'users.setCustom': (on, userId) => on.users.setCustom(userId, { plan: 'pro' }, NOW),
  }
  const endsSessions = Object.keys(DEEDS).filter(name => name !== 'users.setCustom' && name !== 'sessions.rotate')

  test('an open bus can soon be trusted', context =>
    withBuses(context, open, async ({ here }) => {
      await vi.waitFor(() => expect(here.bus.trusted()).toBe(true), PATIENCE)
    }))

  for (const name of Object.keys(DEEDS)) {
    test(`this process hears of the user at once, every other soon, after ${name}`, context =>
      withBuses(context, open, async ({ here, there }) => {
        const user = await insertUser(here.store)
        const session = await openSession(here.store, user.id, { refresh: { tip: TIP, spent: [] } })
        await forgetSetup(here, there)
        await DEEDS[name]?.(here.store, user.id, session.id)
        await here.bus.publish(user.id)
        expect(here.heardOf(user.id)).toBe(true)
        await vi.waitFor(() => expect(there.heardOf(user.id)).toBe(true), PATIENCE)
      }))
  }

  for (const name of endsSessions) {
    test(`they hear of users an administrator had impersonated, although nobody publishes those, after ${name}`, context =>
      withBuses(context, open, async ({ here, there }) => {
        const [admin, user] = [await insertUser(here.store), await insertUser(here.store)]
        const own = await openSession(here.store, admin.id)
        await openSession(here.store, user.id, { impersonatorId: admin.id, impersonatorSessionId: own.id })
        await forgetSetup(here, there)
        await DEEDS[name]?.(here.store, admin.id, own.id)
        expect(here.heardOf(user.id)).toBe(true)
        await vi.waitFor(() => expect(there.heardOf(user.id)).toBe(true), PATIENCE)
      }))
  }

  test('a listener that stopped hears nothing more, and another still does', context =>
    withBuses(context, open, async ({ here }) => {
      const user = await insertUser(here.store)
      const still = vi.fn<(userId: string | null) => void>()
      const stop = here.bus.listen(still)
      here.stop()
      await forgetSetup(here)
      await here.bus.publish(user.id)
      expect(here.heardOf(user.id)).toBe(false)
      expect(still).toHaveBeenCalledWith(user.id)
      stop()
    }))
}

/** One instance of the store, with an ear on its bus. */
interface Ear {
  store: Store
  bus: Bus
  /** Told of this user, or that anything may have changed. */
  heardOf(userId: string): boolean
  clear(): void
  stop: Stop
}

async function withBuses(
  context: TestContext,
  open: Setup['open'],
  test: (ears: { here: Ear; there: Ear }) => Promise<void>,
): Promise<void> {
  const opened = await open()
  const ears: Ear[] = []
  try {
    const [here, there] = [await listen(opened.store, ears), await listen(opened.second ?? opened.store, ears)]
    if (!here || !there) return context.skip('this store has no bus')
    await test({ here, there })
  } finally {
    for (const ear of ears) {
      ear.stop()
      await ear.bus.close()
    }
    await opened.close()
  }
}

async function listen(store: Store, ears: Ear[]): Promise<Ear | undefined> {
  const { bus } = store
  if (!bus) return undefined
  await bus.open()
  const heard = new Set<string | null>()
  const ear: Ear = {
    store,
    bus,
    heardOf(userId) {
      // A bus may notice what others did only when asked, as every cached check asks it.
      bus.trusted()
      return heard.has(userId) || heard.has(null)
    },
    clear: () => heard.clear(),
    stop: bus.listen(userId => void heard.add(userId)),
  }
  ears.push(ear)
  return ear
}

/** Waits until the buses can be trusted, then forgets what the preparation of a test announced. */
async function forgetSetup(...ears: Ear[]): Promise<void> {
  for (const ear of ears) {
    await vi.waitFor(() => expect(ear.bus.trusted()).toBe(true), PATIENCE)
    ear.clear()
  }
}
