import { describe, expect, test } from 'vitest'
import type { Store } from '../../core/store.ts'
import { storeContract } from '../contract/index.ts'
import { insertUser, makeMail, makeRotation, makeToken, newHash, newId, newPassword, NOW, openSession } from '../contract/make.ts'
import { MemoryData } from './data.ts'
import { sessionDeeds } from './sessions.ts'
import { storeOf } from './store.ts'
import { tokenDeeds } from './tokens.ts'
import { memoryStore } from './index.ts'

storeContract('the memory store', async () => {
  const store = memoryStore()
  await store.open()
  return { store, close: () => store.close() }
})

describe('the memory store', () => {
  test('is shared: closing it in one place loses nothing in another', async () => {
    const store = memoryStore()
    await store.open()
    const user = await insertUser(store)
    await store.close()
    await store.open()
    expect(await store.users.find({ kind: 'id', key: user.id })).toStrictEqual(user)
    expect(await memoryStore().users.count()).toBe(0)
  })

  test('can always be trusted and answers a ping', async () => {
    const store = memoryStore()
    await expect(store.ping()).resolves.toBeUndefined()
    expect(store.bus?.trusted()).toBe(true)
  })

  const TIP = newHash()
  const DEEDS: Record<string, (store: Store, userId: string, sessionId: string) => Promise<unknown>> = {
    'sessions.end': (store, _, sessionId) => store.sessions.end(sessionId, 'logout', NOW),
    'sessions.endAll': (store, userId) => store.sessions.endAll(userId, 'revoked', NOW),
    'sessions.rotate with a new handle': (store, _, id) => store.sessions.rotate(makeRotation(id, TIP, { handle: newId() })),
    'sessions.rotate by a thief': (store, _, id) => store.sessions.rotate(makeRotation(id, newHash())),
    'users.changePassword': (store, userId) => store.users.changePassword({ userId, password: newPassword(), now: NOW }),
    'users.setDeactivated': (store, userId) => store.users.setDeactivated(userId, true, NOW),
    'users.setCustom': (store, userId) => store.users.setCustom(userId, { plan: 'pro' }, NOW),
    'users.setUsername': (store, userId) => store.users.setUsername(userId, 'ada', 'ada', NOW),
    'users.addEmail': (store, userId) => store.users.addEmail(userId, { address: 'a@example.org', verified: false }, 'a@example.org', NOW),
    'users.remove': (store, userId) => store.users.remove(userId, NOW),
    'usersAlone.bumpEpoch': async (store, userId) => store.usersAlone?.bumpEpoch(userId, NOW),
    'sessionsAlone.endAll': async (store, userId) => store.sessionsAlone?.endAll(userId, 'revoked', NOW),
    'sessionsAlone.forget': async (store, userId) => store.sessionsAlone?.forget(userId, NOW),
  }
  for (const [name, deed] of Object.entries(DEEDS)) {
    test(`announces a change of its own accord: ${name}`, async () => {
      const store = memoryStore()
      const user = await insertUser(store)
      const session = await openSession(store, user.id, { refresh: { tip: TIP, spent: [] } })
      await insertUser(store)
      const heard: (string | null)[] = []
      const stop = store.bus?.listen(userId => heard.push(userId))
      await deed(store, user.id, session.id)
      expect(heard).toEqual([user.id])
      stop?.()
      await store.bus?.publish(user.id)
      expect(heard).toHaveLength(1)
    })
  }

  test('announces nothing when nothing that a cache holds has changed', async () => {
    const store = memoryStore()
    const user = await insertUser(store)
    await store.users.setCustom(user.id, { plan: 'pro' }, NOW)
    const heard: (string | null)[] = []
    store.bus?.listen(userId => heard.push(userId))
    const { id } = await openSession(store, user.id, { refresh: { tip: TIP, spent: [] } })
    await store.sessions.rotate(makeRotation(id, TIP))
    await store.sessions.touch([{ sessionId: id, activeAt: NOW + 1 }])
    await store.sessions.find(id)
    expect(heard).toEqual([])
  })

  test('does not write a session over another', async () => {
    const store = memoryStore()
    const user = await insertUser(store)
    const resumeHash = newHash()
    const session = await openSession(store, user.id, { resumeHash })
    await expect(openSession(store, user.id, { id: session.id })).rejects.toThrow('exists')
    await expect(openSession(store, user.id, { resumeHash })).rejects.toThrow('exists')
    expect(await store.sessions.list(user.id, NOW)).toHaveLength(1)
  })

  test('a deed that cannot be written leaves no half of itself', async () => {
    const store = memoryStore()
    const user = await insertUser(store)
    // Nothing that JSON knows: a database would refuse it as well.
    const unkeepable = { mail: [makeMail(user.id, { data: { count: 1n } })] }
    await expect(store.users.setUsername(user.id, 'ada', 'ada', NOW, unkeepable)).rejects.toThrow(TypeError)
    expect(await store.users.find({ kind: 'id', key: user.id })).toStrictEqual(user)
    expect(await store.outbox.size()).toBe(0)
  })

  test('keeps nothing of what is gone, in any index', async () => {
    const data = new MemoryData()
    const store = storeOf(data)
    const [admin, user] = [await insertUser(store), await insertUser(store)]
    const own = await openSession(store, admin.id, { resumeHash: newHash() })
    await openSession(store, user.id, { impersonatorId: admin.id, impersonatorSessionId: own.id })
    for (const token of [makeToken(user.id), makeToken(user.id), makeToken(null)]) await tokenDeeds(data).issue(token)
    await store.users.setUsername(user.id, 'ada', 'ada', NOW)
    await store.users.remove(user.id, NOW)
    await store.users.remove(admin.id, NOW)
    await tokenDeeds(data).sweep(Infinity, 10)
    await sessionDeeds(data).sweep(Infinity, 0, 10)

    const { users, identifiers, sessions, resumes, sessionsOfUser, impersonatedBy, impersonatedFrom, tokens, tokenSlots, tokensOfUser } =
      data
    const indexes = {
      users,
      identifiers,
      sessions,
      resumes,
      sessionsOfUser,
      impersonatedBy,
      impersonatedFrom,
      tokens,
      tokenSlots,
      tokensOfUser,
    }
    for (const [name, index] of Object.entries(indexes)) expect([name, index.size]).toEqual([name, 0])
  })
})
