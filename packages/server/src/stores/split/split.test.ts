import { describe, expect, test, vi } from 'vitest'
import { isLive } from '../../core/session/session.ts'
import type { Bus, SessionsAlone, Store } from '../../core/store.ts'
import { storeContract } from '../contract/index.ts'
import {
  insertUser,
  makeEvent,
  makeMail,
  makeRotation,
  makeToken,
  newHash,
  newId,
  newPassword,
  NOW,
  openSession,
} from '../contract/make.ts'
import { memoryStore } from '../memory/index.ts'
import { splitStore } from './index.ts'

storeContract('a split of two memory stores', async () => {
  const parts = { users: memoryStore(), sessions: memoryStore() }
  const store = splitStore(parts)
  await store.open()
  return { store, second: splitStore(parts), close: () => store.close() }
})

storeContract('a split of two stores that answer late and out of order', async () => {
  const parts = { users: late(memoryStore(), 7), sessions: late(memoryStore(), 11) }
  const store = splitStore(parts)
  await store.open()
  return { store, second: splitStore(parts), close: () => store.close() }
})

describe('a split store', () => {
  const parts = (): { users: Store; sessions: Store } => ({ users: memoryStore(), sessions: memoryStore() })

  test('keeps each part in its own database', async () => {
    const { users, sessions } = parts()
    const store = splitStore({ users, sessions })
    const user = await insertUser(store)
    const session = await openSession(store, user.id)
    const token = makeToken(user.id)
    await store.tokens.issue(token)
    await store.attempts.count([{ key: 'k', window: 1000 }], NOW)
    await store.outbox.add([makeMail(user.id)])

    expect([await users.users.count(), await sessions.users.count()]).toEqual([1, 0])
    expect([await users.sessions.list(user.id, NOW), await sessions.sessions.list(user.id, NOW)]).toEqual([[], [session]])
    expect([await users.tokens.find(token.hash, token.purpose, NOW), await sessions.tokens.find(token.hash, token.purpose, NOW)]).toEqual([
      token,
      null,
    ])
    expect([await users.outbox.size(), await sessions.outbox.size()]).toEqual([1, 0])
    expect((await sessions.attempts.count([{ key: 'k', window: 1000 }], NOW))[0]?.count).toBe(2)
  })

  test('keeps audit lines beside their deed, and mail where users are', async () => {
    const { users, sessions } = parts()
    const store = splitStore({ users, sessions })
    const user = await insertUser(store)
    const [ofSession, ofUser] = [makeEvent(user.id, { at: NOW + 1 }), makeEvent(user.id)]
    await store.sessions.open({ ...(await openSession(store, user.id)), id: newId() }, { audit: [ofSession], mail: [makeMail(user.id)] })
    await store.users.setUsername(user.id, 'ada', 'ada', NOW, { audit: [ofUser] })

    expect(await sessions.audit.list({ limit: 10 })).toEqual([ofSession])
    expect(await users.audit.list({ limit: 10 })).toEqual([ofUser])
    expect(await store.audit.list({ limit: 10 })).toEqual([ofSession, ofUser])
    expect([await users.outbox.size(), await sessions.outbox.size()]).toEqual([1, 0])
  })

  test('refuses a part that cannot stand alone, by its name', () => {
    const { usersAlone: _, ...withSessions } = memoryStore()
    const { sessionsAlone: __, ...withUsers } = memoryStore()
    expect(() => splitStore({ users: { ...withSessions, name: 'lame' }, sessions: memoryStore() })).toThrow(/lame cannot keep users/)
    expect(() => splitStore({ users: memoryStore(), sessions: { ...withUsers, name: 'lame' } })).toThrow(/lame cannot keep sessions/)
  })

  test('opens, asks and closes both, even when one fails', async () => {
    const { users, sessions } = parts()
    const called: string[] = []
    const noting = (store: Store, name: string): Store => ({
      ...store,
      open: async () => void called.push(`open ${name}`),
      close: async () => void called.push(`close ${name}`),
    })
    const store = splitStore({ users: { ...noting(users, 'users'), close: () => fail('no') }, sessions: noting(sessions, 'sessions') })
    await store.open()
    await expect(store.close()).rejects.toThrow('no')
    expect(called).toEqual(['open users', 'open sessions', 'close sessions'])
    await expect(splitStore({ users, sessions: { ...sessions, ping: () => fail('dead') } }).ping()).rejects.toThrow('dead')
    await expect(splitStore({ users: { ...users, ping: () => fail('dead') }, sessions }).ping()).rejects.toThrow('dead')
  })
})

describe('the bus of a split store', () => {
  const busOf = (store: Store, given: Partial<Bus>): Store => ({ ...store, bus: { ...present(store.bus), ...given } })

  test('is there only when both parts have one', () => {
    const { bus: _, ...mute } = memoryStore()
    expect(splitStore({ users: mute, sessions: memoryStore() }).bus).toBeUndefined()
    expect(splitStore({ users: memoryStore(), sessions: mute }).bus).toBeUndefined()
  })

  test('is trusted only when both are, and asks both each time', () => {
    for (const [one, other] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ] as const) {
      const asked = [vi.fn<() => boolean>(() => one), vi.fn<() => boolean>(() => other)] as const
      const store = splitStore({
        users: busOf(memoryStore(), { trusted: asked[0] }),
        sessions: busOf(memoryStore(), { trusted: asked[1] }),
      })
      expect(store.bus?.trusted()).toBe(one && other)
      for (const each of asked) expect(each).toHaveBeenCalledOnce()
    }
  })

  test('opens and closes both', async () => {
    const called: string[] = []
    const noting = (name: string): Store =>
      busOf(memoryStore(), { open: async () => void called.push(`open ${name}`), close: async () => void called.push(`close ${name}`) })
    const store = splitStore({ users: noting('users'), sessions: noting('sessions') })
    await store.bus?.open()
    await store.bus?.close()
    expect(called).toEqual(['open users', 'open sessions', 'close users', 'close sessions'])
  })

  test('hears either part, and tells both', async () => {
    const [users, sessions] = [memoryStore(), memoryStore()]
    const store = splitStore({ users, sessions })
    const [heard, atUsers, atSessions] = [new Set(), new Set(), new Set()]
    store.bus?.listen(userId => heard.add(userId))
    users.bus?.listen(userId => atUsers.add(userId))
    sessions.bus?.listen(userId => atSessions.add(userId))
    await users.bus?.publish('one')
    await sessions.bus?.publish('two')
    await store.bus?.publish('three')
    expect([...heard]).toEqual(['one', 'two', 'three'])
    expect([...atUsers]).toEqual(['one', 'three'])
    expect([...atSessions]).toEqual(['two', 'three'])
  })
})

/** The deeds that end all of a user's sessions, and where they may be cut off. */
describe('a crash between the halves of a deed', () => {
  const DEEDS: Record<string, (store: Store, userId: string) => Promise<unknown>> = {
    changePassword: (store, userId) =>
      store.users.changePassword({ userId, password: newPassword(), now: NOW + 1, endSessionsExcept: null }),
    'changePassword but for one session': (store, userId) =>
      store.users.changePassword({ userId, password: newPassword(), now: NOW + 1, endSessionsExcept: 'elsewhere' }),
    setDeactivated: (store, userId) => store.users.setDeactivated(userId, true, NOW + 1),
    remove: (store, userId) => store.users.remove(userId, NOW + 1),
    endAll: (store, userId) => store.sessions.endAll(userId, 'revoked', NOW + 1),
  }

  /** The sessions' half fails as if the process had ended before it. */
  const crashing = (store: Store): Store => {
    const alone: SessionsAlone = present(store.sessionsAlone)
    return { ...store, sessionsAlone: { ...alone, endAll: () => fail('crash'), forget: () => fail('crash') } }
  }

  for (const [name, deed] of Object.entries(DEEDS)) {
    test(`leaves no session of theirs alive, nor one they impersonate: ${name}`, async () => {
      const [users, sessions] = [memoryStore(), memoryStore()]
      const store = splitStore({ users, sessions })
      const [admin, user] = [await insertUser(store), await insertUser(store)]
      const tip = newHash()
      const own = await openSession(store, admin.id, { refresh: { tip, spent: [] } })
      const impersonated = await openSession(store, user.id, { impersonatorId: admin.id, impersonatorSessionId: own.id })
      const untouched = await openSession(store, user.id)
      const heard = new Set<string | null>()
      store.bus?.listen(userId => heard.add(userId))

      await expect(deed(splitStore({ users, sessions: crashing(sessions) }), admin.id)).rejects.toThrow('crash')

      const live = async (id: string): Promise<boolean> => {
        const found = await store.sessions.find(id)
        return found !== null && isLive(found, NOW + 2)
      }
      expect(await live(own.id)).toBe(false)
      expect(await live(impersonated.id)).toBe(false)
      expect(await live(untouched.id)).toBe(true)
      expect(await store.sessions.rotate(makeRotation(own.id, tip))).toEqual({ outcome: 'over' })
      // Caches that hold either session have been told.
      expect(heard).toEqual(new Set([admin.id, user.id]))
    })
  }

  test('a removal that was cut off is finished by doing it again', async () => {
    const [users, sessions] = [memoryStore(), memoryStore()]
    const store = splitStore({ users, sessions })
    const user = await insertUser(store)
    await openSession(store, user.id)
    await store.audit.add([makeEvent(user.id)])
    await expect(splitStore({ users, sessions: crashing(sessions) }).users.remove(user.id, NOW)).rejects.toThrow('crash')
    expect(await sessions.sessions.list(user.id, NOW)).toHaveLength(1)

    expect(await store.users.remove(user.id, NOW)).toBe(false)
    expect(await sessions.sessions.list(user.id, NOW)).toEqual([])
    expect(await store.audit.list({ userId: user.id, limit: 1 })).toMatchObject([{ ip: null, userAgent: null, data: {} }])
  })

  test('an epoch that went up twice leaves the kept session behind', async () => {
    const [users, sessions] = [memoryStore(), memoryStore()]
    const user = await insertUser(users)
    const store = splitStore({ users, sessions })
    const kept = await openSession(store, user.id)
    // Somebody signs the user out everywhere, and gets no further than the epoch, just when the password changes.
    const racing: Store = {
      ...users,
      users: {
        ...users.users,
        async changePassword(change, along) {
          await users.usersAlone?.bumpEpoch(user.id, NOW)
          return users.users.changePassword(change, along)
        },
      },
    }
    const change = { userId: user.id, password: newPassword(), now: NOW, endSessionsExcept: kept.id }
    expect(await splitStore({ users: racing, sessions }).users.changePassword(change)).toBe('changed')
    const found = await store.sessions.find(kept.id)
    expect(found && isLive(found, NOW)).toBe(false)
  })

  test('a mail about a sign-in is waiting before the session opens', async () => {
    const [users, sessions] = [memoryStore(), memoryStore()]
    const alone: SessionsAlone = { ...present(sessions.sessionsAlone), open: () => fail('crash') }
    const store = splitStore({ users, sessions: { ...sessions, sessionsAlone: alone } })
    const user = await insertUser(store)
    await expect(openSession(store, user.id)).rejects.toThrow('crash')
    const intact = await openSession(splitStore({ users, sessions }), user.id)
    await expect(store.sessions.open({ ...intact, id: newId() }, { mail: [makeMail(user.id)] })).rejects.toThrow('crash')
    expect(await users.outbox.size()).toBe(1)
  })
})

/** The same store, but every deed waits a few turns of the event loop before and after, as over a network: the halves of deeds interleave. */
function late(store: Store, seed: number): Store {
  let state = seed
  const turns = async (): Promise<void> => {
    // Numerical Recipes' generator: the course of a failing race can be had again.
    state = (state * 1664525 + 1013904223) % 2 ** 32
    for (let left = state % 4; left > 0; left -= 1) await new Promise(resolve => void setImmediate(resolve))
  }
  const slowed = <T extends object>(deeds: T): T =>
    new Proxy(deeds, {
      get(target, name) {
        const deed: unknown = Reflect.get(target, name)
        if (typeof deed !== 'function') return deed
        return async (...given: unknown[]): Promise<unknown> => {
          await turns()
          const outcome: unknown = await Reflect.apply(deed, target, given)
          await turns()
          return outcome
        }
      },
    })
  const { users, sessions, tokens, attempts, outbox, audit, usersAlone, sessionsAlone } = store
  return {
    ...store,
    users: slowed(users),
    sessions: slowed(sessions),
    tokens: slowed(tokens),
    attempts: slowed(attempts),
    outbox: slowed(outbox),
    audit: slowed(audit),
    usersAlone: slowed(present(usersAlone)),
    sessionsAlone: slowed(present(sessionsAlone)),
  }
}

async function fail(message: string): Promise<never> {
  throw new Error(message)
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the memory store brings this')
  return value
}
