import { expect, test } from 'vitest'
import { isLive } from '../../core/session/session.ts'
import {
  emailKeyOf,
  identifiersOf,
  insertUser,
  makeCredential,
  makeEvent,
  makeMail,
  makeToken,
  makeUser,
  newHash,
  newId,
  newPassword,
  NOW,
  openSession,
  withEmpty,
} from './make.ts'
import type { Setup } from './make.ts'
import { newRide } from './ride.ts'

/** Deactivating and removing users. */
export function lifecycleContract({ the, open }: Setup): void {
  test('deactivating ends every session, bumps the epoch and says when', async () => {
    const { store } = the
    const [user, other] = [await insertUser(store), await insertUser(store)]
    const [one, two, theirs] = [await openSession(store, user.id), await openSession(store, user.id), await openSession(store, other.id)]
    const ride = await newRide(store, user.id)
    expect(await store.users.setDeactivated(user.id, true, NOW + 1, ride.along)).toBe(true)
    await ride.expectWritten()

    expect(await store.users.find({ kind: 'id', key: user.id })).toStrictEqual({
      ...user,
      deactivatedAt: NOW + 1,
      updatedAt: NOW + 1,
      epoch: 1,
    })
    for (const session of [one, two]) {
      expect((await store.sessions.find(session.id))?.session).toMatchObject({ endedAt: NOW + 1, endReason: 'deactivated' })
    }
    expect(await store.sessions.list(user.id, NOW + 2)).toEqual([])
    const found = await store.sessions.find(theirs.id)
    expect(found && isLive(found, NOW + 2)).toBe(true)
  })

  test('a user who is active again has none of the old sessions', async () => {
    const { store } = the
    const user = await insertUser(store)
    const old = await openSession(store, user.id)
    await store.users.setDeactivated(user.id, true, NOW + 1)
    // A login that was already on its way.
    const late = await openSession(store, user.id)
    expect(await store.users.setDeactivated(user.id, false, NOW + 2)).toBe(true)

    const active = await store.users.find({ kind: 'id', key: user.id })
    expect(active).toStrictEqual({ ...user, updatedAt: NOW + 2, epoch: 1 })
    for (const session of [old, late]) {
      const found = await store.sessions.find(session.id)
      expect(found && isLive(found, NOW + 3)).toBe(false)
    }
    const fresh = await openSession(store, user.id, { epoch: 1 })
    const found = await store.sessions.find(fresh.id)
    expect(found && isLive(found, NOW + 3)).toBe(true)
  })

  test('deactivating nobody says so and writes nothing', async () => {
    const { store } = the
    const nobody = newId()
    for (const deactivated of [true, false]) {
      const ride = await newRide(store, nobody)
      expect(await store.users.setDeactivated(nobody, deactivated, NOW, ride.along)).toBe(false)
      await ride.expectNothing()
    }
  })

  test('a removed user leaves nothing but audit lines', () =>
    withEmpty(open, async store => {
      const user = await insertUser(store, { password: newPassword() })
      const other = await insertUser(store)
      await store.users.putCredential(makeCredential(user.id))
      const resumeHash = newHash()
      const session = await openSession(store, user.id, { resumeHash })
      const token = makeToken(user.id)
      await store.tokens.issue(token)
      await store.outbox.add([makeMail(user.id), makeMail(other.id), makeMail(null)])

      const ride = await newRide(store, newId())
      const goodbye = makeMail(null, { nextTryAt: NOW + 1 })
      expect(await store.users.remove(user.id, NOW + 1, { audit: ride.along.audit, mail: [goodbye] })).toBe(true)

      for (const identifier of [{ kind: 'id' as const, key: user.id }, ...identifiersOf(user)])
        expect(await store.users.find(identifier)).toBeNull()
      expect(await store.users.credentials(user.id)).toEqual([])
      expect(await store.sessions.find(session.id)).toBeNull()
      expect(await store.sessions.findByResume(resumeHash)).toBeNull()
      expect(await store.sessions.list(user.id, NOW + 1)).toEqual([])
      expect(await store.tokens.find(token.hash, token.purpose, NOW)).toBeNull()
      const mails = await store.outbox.claim(NOW + 2, 10, 1000)
      expect(mails.map(mail => mail.userId)).toEqual(expect.arrayContaining([other.id, null, null]))
      expect(mails).toHaveLength(3)
      expect(await store.users.count()).toBe(1)
      expect(await store.users.find({ kind: 'id', key: other.id })).toStrictEqual(other)
    }))

  test('the names of a removed user are free again, and nothing of theirs is found by them', async () => {
    const { store } = the
    const user = await insertUser(store, { password: newPassword() })
    await store.users.remove(user.id, NOW)
    const heir = await insertUser(store, { username: user.username ?? '', emails: user.emails })
    expect((await store.users.find({ kind: 'email', key: emailKeyOf(user) }))?.id).toBe(heir.id)
    expect(await store.users.credentials(heir.id)).toEqual([])
  })

  test('names that a user took later are free again with the rest, and names they gave up stay with whoever has them now', async () => {
    const { store } = the
    const [user, other] = [await insertUser(store), await insertUser(store)]
    const [given, late, address] = [user.username?.toLowerCase() ?? '', newId().toLowerCase(), `${newId().toLowerCase()}@example.org`]
    await store.users.setUsername(user.id, late, late, NOW)
    await store.users.addEmail(user.id, { address, verified: false }, address, NOW)
    await store.users.setUsername(other.id, given, given, NOW)
    await store.users.remove(user.id, NOW)

    expect((await store.users.find({ kind: 'username', key: given }))?.id).toBe(other.id)
    for (const identifier of [
      { kind: 'username' as const, key: late },
      { kind: 'email' as const, key: address },
    ]) {
      expect(await store.users.insert(makeUser({ identifiers: [identifier] }))).toEqual({ inserted: true })
    }
  })

  test('audit lines of a removed user stay, without ip, agent and data; what rides along is written as it is', async () => {
    const { store } = the
    const [user, other] = [await insertUser(store), await insertUser(store)]
    const old = makeEvent(user.id, { actorId: other.id, sessionId: newId() })
    const rides = makeEvent(other.id, { data: { kept: true } })
    const theirs = makeEvent(other.id)
    // Lines ride with the deed they belong to, so one comes with a session, one with the user.
    await store.sessions.open({ ...(await openSession(store, user.id)), id: newId() }, { audit: [old] })
    await store.audit.add([theirs])
    const farewell = makeEvent(user.id, { type: 'user-deleted', at: NOW + 1, data: { by: 'themselves' } })
    await store.users.remove(user.id, NOW + 1, { audit: [farewell, rides] })

    expect(await store.audit.list({ userId: user.id, limit: 10 })).toStrictEqual([
      farewell,
      { ...old, ip: null, userAgent: null, data: {} },
    ])
    expect((await store.audit.list({ userId: other.id, limit: 10 })).toSorted(byId)).toStrictEqual([rides, theirs].toSorted(byId))
  })

  test('removing an administrator ends the sessions impersonated from theirs', async () => {
    const { store } = the
    const [admin, user] = [await insertUser(store), await insertUser(store)]
    const own = await openSession(store, admin.id)
    const impersonated = await openSession(store, user.id, { impersonatorId: admin.id, impersonatorSessionId: own.id })
    await store.users.remove(admin.id, NOW + 1)
    expect((await store.sessions.find(impersonated.id))?.session).toMatchObject({ endedAt: NOW + 1, endReason: 'impersonator-ended' })
  })

  test('deactivating an administrator ends the sessions impersonated from theirs', async () => {
    const { store } = the
    const [admin, user] = [await insertUser(store), await insertUser(store)]
    const own = await openSession(store, admin.id)
    const impersonated = await openSession(store, user.id, { impersonatorId: admin.id, impersonatorSessionId: own.id })
    await store.users.setDeactivated(admin.id, true, NOW + 1)
    expect((await store.sessions.find(impersonated.id))?.session).toMatchObject({ endedAt: NOW + 1, endReason: 'impersonator-ended' })
  })

  test('a user is removed once, and the second time nothing is written', async () => {
    const { store } = the
    const { user } = makeUser()
    await insertUser(store, user)
    const first = await newRide(store, user.id)
    expect(await store.users.remove(user.id, NOW, first.along)).toBe(true)
    await first.expectWritten()
    const second = await newRide(store, user.id)
    expect(await store.users.remove(user.id, NOW, second.along)).toBe(false)
    await second.expectNothing()
  })
}

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)
