import { expect, test } from 'vitest'
import { isLive } from '../../core/session/session.ts'
import type { Store } from '../../core/store.ts'
import { insertUser, makeEvent, makeRotation, makeSession, newHash, newPassword, NOW, openSession } from './make.ts'
import type { Setup } from './make.ts'

/** What both instances say of a session that is not live. */
const OVER = [false, false]

/** A revocation that meets a refresh or a login: the revocation stands. */
export function revocationRaces({ the, rounds }: Setup): void {
  const REVOCATIONS: Record<string, (on: Store, userId: string, sessionId: string) => Promise<unknown>> = {
    end: (on, _, sessionId) => on.sessions.end(sessionId, 'revoked', NOW),
    endAll: (on, userId) => on.sessions.endAll(userId, 'revoked', NOW),
    'endAll but another': (on, userId) => on.sessions.endAll(userId, 'revoked', NOW, 'another'),
    setDeactivated: (on, userId) => on.users.setDeactivated(userId, true, NOW),
    changePassword: (on, userId) => on.users.changePassword({ userId, password: newPassword(), now: NOW, endSessionsExcept: null }),
    remove: (on, userId) => on.users.remove(userId, NOW),
  }
  /** Of a session that is live at this moment, according to both instances. */
  const live = async (sessionId: string): Promise<boolean[]> =>
    Promise.all(
      [the.store, the.second].map(async on => {
        const found = await on.sessions.find(sessionId)
        return found !== null && isLive(found, NOW)
      }),
    )
  /** In either order, so that each is sometimes ahead. */
  const together = async (round: number, one: () => Promise<unknown>, other: () => Promise<unknown>): Promise<void> => {
    const deeds = round % 2 === 0 ? [one, other] : [other, one]
    await Promise.all(deeds.map(deed => deed()))
  }

  for (const [name, revoke] of Object.entries(REVOCATIONS)) {
    test(`a session revoked during a refresh stays revoked: ${name}`, { timeout: 120_000 }, async () => {
      const { store, second } = the
      for (let round = 0; round < rounds; round += 1) {
        const user = await insertUser(store)
        const tip = newHash()
        const { id } = await openSession(store, user.id, { refresh: { tip, spent: [] } })
        const [a, b] = round % 4 < 2 ? [store, second] : [second, store]
        const turns = makeRotation(id, tip)
        await together(
          round,
          () => a.sessions.rotate(turns),
          () => revoke(b, user.id, id),
        )

        expect(await live(id)).toEqual([false, false])
        expect(await a.sessions.rotate(makeRotation(id, turns.next))).toEqual({ outcome: 'over' })
        expect(await b.sessions.rotate(turns)).toEqual({ outcome: 'over' })
      }
    })
  }

  for (const name of ['endAll', 'setDeactivated', 'changePassword', 'remove']) {
    test(`a login that began before a revocation opens no session that outlives it: ${name}`, { timeout: 120_000 }, async () => {
      const { store, second } = the
      for (let round = 0; round < rounds; round += 1) {
        const user = await insertUser(store)
        // The login has read the user at this epoch, and does not know yet.
        const session = makeSession(user.id, { epoch: user.epoch })
        const [a, b] = round % 4 < 2 ? [store, second] : [second, store]
        const event = makeEvent(user.id)
        await together(
          round,
          () => a.sessions.open(session, { audit: [event] }),
          async () => REVOCATIONS[name]?.(b, user.id, session.id),
        )
        expect(await live(session.id)).toEqual([false, false])
        if (name !== 'remove') continue
        expect(await b.sessions.list(user.id, NOW)).toEqual([])
        expect((await b.audit.list({ userId: user.id, limit: 10 })).filter(({ ip }) => ip !== null)).toEqual([])
      }
    })
  }

  test('once a session has ended no twin of it is opened', { timeout: 120_000 }, async () => {
    const { store, second } = the
    for (let round = 0; round < rounds; round += 1) {
      const user = await insertUser(store)
      const first = await openSession(store, user.id)
      let hasEnded = false
      /** Opens one after another, and tells of the first that began after the end. */
      const twins = async (on: Store): Promise<boolean> => {
        for (;;) {
          const isLate = hasEnded
          const isOpen = await on.sessions.open(makeSession(user.id), { twinOf: first.id })
          if (isLate) return isOpen
        }
      }
      const end = async (): Promise<void> => {
        await second.sessions.end(first.id, 'logout', NOW)
        hasEnded = true
      }
      const racers = [twins(store), twins(second), end(), twins(store), twins(second)]
      expect(await Promise.all(racers)).toEqual([false, false, undefined, false, false])
    }
  })

  for (const name of ['endAll', 'endAll but another', 'setDeactivated', 'changePassword', 'remove']) {
    test(`a twin of a session ends with it where all of a user end: ${name}`, { timeout: 120_000 }, async () => {
      const { store, second } = the
      for (let round = 0; round < rounds; round += 1) {
        const user = await insertUser(store)
        const first = await openSession(store, user.id)
        const [twin, twinOfTwin] = [makeSession(user.id), makeSession(user.id)]
        const [a, b] = round % 4 < 2 ? [store, second] : [second, store]
        const twins = async (): Promise<void> => {
          await a.sessions.open(twin, { twinOf: first.id })
          await b.sessions.open(twinOfTwin, { twinOf: twin.id })
        }
        await together(round, twins, async () => REVOCATIONS[name]?.(b, user.id, first.id))
        expect([await live(first.id), await live(twin.id), await live(twinOfTwin.id)]).toEqual([OVER, OVER, OVER])
      }
    })
  }

  for (const name of ['end', 'endAll', 'setDeactivated', 'remove']) {
    test(`a twin of an impersonated session ends with the administrator’s: ${name}`, { timeout: 120_000 }, async () => {
      const { store, second } = the
      for (let round = 0; round < rounds; round += 1) {
        const [admin, user] = [await insertUser(store), await insertUser(store)]
        const own = await openSession(store, admin.id)
        const behind = { impersonatorId: admin.id, impersonatorSessionId: own.id }
        const [impersonated, twin] = [await openSession(store, user.id, behind), makeSession(user.id, behind)]
        const [a, b] = round % 4 < 2 ? [store, second] : [second, store]
        await together(
          round,
          () => a.sessions.open(twin, { twinOf: impersonated.id }),
          async () => REVOCATIONS[name]?.(b, admin.id, own.id),
        )
        expect([await live(impersonated.id), await live(twin.id)]).toEqual([OVER, OVER])
      }
    })
  }

  test('the session a password change keeps survives it, whatever refreshes meanwhile', { timeout: 120_000 }, async () => {
    const { store, second } = the
    for (let round = 0; round < rounds; round += 1) {
      const user = await insertUser(store)
      const tip = newHash()
      const { id } = await openSession(store, user.id, { refresh: { tip, spent: [] } })
      const change = { userId: user.id, password: newPassword(), now: NOW, endSessionsExcept: id }
      await together(
        round,
        () => store.sessions.rotate(makeRotation(id, tip)),
        () => second.users.changePassword(change),
      )
      expect(await live(id)).toEqual([true, true])
    }
  })

  test('a session that was ended while activity is noted stays ended', { timeout: 120_000 }, async () => {
    const { store, second } = the
    for (let round = 0; round < rounds; round += 1) {
      const user = await insertUser(store)
      const { id } = await openSession(store, user.id)
      await together(
        round,
        () => store.sessions.touch([{ sessionId: id, activeAt: NOW + 1 }]),
        () => second.sessions.end(id, 'logout', NOW),
      )
      expect(await live(id)).toEqual([false, false])
    }
  })

  test('a session impersonated while the administrator signs out everywhere ends with theirs', { timeout: 120_000 }, async () => {
    const { store, second } = the
    for (let round = 0; round < rounds; round += 1) {
      const [admin, user] = [await insertUser(store), await insertUser(store)]
      const own = await openSession(store, admin.id)
      const impersonated = await openSession(store, user.id, { impersonatorId: admin.id, impersonatorSessionId: own.id })
      const tip = newHash()
      const other = await openSession(store, admin.id, { refresh: { tip, spent: [] } })
      await together(
        round,
        () => store.sessions.rotate(makeRotation(other.id, tip)),
        () => second.sessions.endAll(admin.id, 'revoked', NOW),
      )
      expect(await live(impersonated.id)).toEqual([false, false])
    }
  })
}
