import { expect, test } from 'vitest'
import { END_REASONS, isLive } from '../../core/session/session.ts'
import type { NewSession, Session } from '../../core/session/session.ts'
import { userFailureKey } from '../../core/store.ts'
import type { Store } from '../../core/store.ts'
import { DAY, HOUR, insertUser, makeEvent, makeSession, MINUTE, newHash, newId, NOW, openSession, withEmpty } from './make.ts'
import type { Setup } from './make.ts'
import { newRide } from './ride.ts'

/** Opening, finding, ending, listing and sweeping sessions. */
export function sessionsContract({ the, open }: Setup): void {
  const visible = (session: NewSession): Session => {
    const shown = structuredClone(session)
    delete shown.resumeHash
    delete shown.refresh
    return shown
  }
  const stored = async (store: Store, { id }: { id: string }): Promise<Session | undefined> => (await store.sessions.find(id))?.session

  test('a session comes back whole, with its user and without its secrets', async () => {
    const { store } = the
    const user = await insertUser(store)
    const full = makeSession(user.id, {
      resumeHash: newHash(),
      refresh: {
        tip: newHash(),
        spent: [
          { hash: newHash(), until: NOW },
          { hash: newHash(), until: null },
        ],
      },
      factors: [
        { name: 'password', kind: 'knows', at: NOW },
        { name: 'totp', kind: 'holds', at: NOW + 1 },
      ],
      impersonatorId: newId(),
      impersonatorSessionId: newId(),
      generation: 3,
      extra: { ключ: ['🗝', null, { deep: 1 }] },
    })
    const plain = makeSession(user.id, { idle: null, ip: null, userAgent: null, factors: [] })
    for (const session of [full, plain]) {
      const ride = await newRide(store, user.id)
      await store.sessions.open(session, ride.along)
      await ride.expectWritten()
      expect(await store.sessions.find(session.id)).toStrictEqual({ session: visible(session), user })
    }
    expect(await store.sessions.findByResume(full.resumeHash ?? newHash())).toStrictEqual({ session: visible(full), user })
  })

  test('an unknown session, an unknown resume secret, and a session of nobody are not found', async () => {
    const { store } = the
    expect(await store.sessions.find(newId())).toBeNull()
    expect(await store.sessions.findByResume(newHash())).toBeNull()
    const resumeHash = newHash()
    const orphan = makeSession(newId(), { resumeHash })
    expect(await store.sessions.open(orphan, { audit: [makeEvent(orphan.userId)] })).toBe(false)
    expect(await store.sessions.find(orphan.id)).toBeNull()
    expect(await store.sessions.findByResume(resumeHash)).toBeNull()
    expect(await store.sessions.list(orphan.userId, NOW)).toEqual([])
    expect((await store.audit.list({ userId: orphan.userId, limit: 10 })).filter(({ ip }) => ip !== null)).toEqual([])
  })

  test('a twin of a session is opened while that is live, and otherwise nothing is written', async () => {
    const { store } = the
    const user = await insertUser(store)
    const first = await openSession(store, user.id)
    const ride = await newRide(store, user.id)
    const twin = makeSession(user.id, { resumeHash: newHash() })
    expect(await store.sessions.open(twin, { ...ride.along, twinOf: first.id })).toBe(true)
    await ride.expectWritten()
    expect(await store.sessions.find(twin.id)).toStrictEqual({ session: visible(twin), user })
    expect(await store.sessions.find(first.id)).toStrictEqual({ session: visible(first), user })

    const ended = await openSession(store, user.id)
    await store.sessions.end(ended.id, 'logout', NOW)
    const dead = {
      'nobody’s': newId(),
      ended: ended.id,
      expired: (await openSession(store, user.id, { expiresAt: NOW })).id,
      idle: (await openSession(store, user.id, { activeAt: NOW - 1000, idle: 1000 })).id,
      'of another epoch': (await openSession(store, user.id, { epoch: 1 })).id,
    }
    const before = await store.sessions.list(user.id, NOW)
    for (const [why, twinOf] of Object.entries(dead)) {
      const late = makeSession(user.id)
      const [failure, event] = [userFailureKey(newId()), makeEvent(user.id)]
      await store.attempts.fail([failure], NOW, HOUR)
      expect([why, await store.sessions.open(late, { audit: [event], clear: [failure], twinOf })]).toEqual([why, false])
      expect(await store.sessions.find(late.id)).toBeNull()
      expect((await store.audit.list({ userId: user.id, limit: 100 })).some(({ id }) => id === event.id)).toBe(false)
      expect(await store.attempts.failures([failure], NOW)).toEqual([{ count: 1, lastAt: NOW }])
    }
    expect(await store.sessions.list(user.id, NOW)).toStrictEqual(before)
  })

  test('a session shows its user as they are now', async () => {
    const { store } = the
    const user = await insertUser(store)
    const session = await openSession(store, user.id)
    await store.users.setCustom(user.id, { plan: 'pro' }, NOW + 1)
    expect((await store.sessions.find(session.id))?.user).toStrictEqual({ ...user, custom: { plan: 'pro' }, updatedAt: NOW + 1 })
  })

  test('sessions that ended or expired are still found', async () => {
    const { store } = the
    const user = await insertUser(store)
    const [ended, expired] = [await openSession(store, user.id), await openSession(store, user.id, { expiresAt: NOW - 1 })]
    await store.sessions.end(ended.id, 'logout', NOW + 1)
    expect(await stored(store, ended)).toStrictEqual({ ...visible(ended), endedAt: NOW + 1, endReason: 'logout' })
    expect(await stored(store, expired)).toStrictEqual(visible(expired))
  })

  test('changing what was handed in or out changes nothing that is kept', async () => {
    const { store } = the
    const user = await insertUser(store)
    const session = makeSession(user.id, { extra: { list: ['kept'] } })
    const before = structuredClone(session)
    await store.sessions.open(session)
    Object.assign(session.extra, { list: [] })
    session.factors.length = 0
    const found = await store.sessions.find(before.id)
    expect(found?.session).toStrictEqual(before)
    if (found) {
      found.session.activeAt = 0
      found.user.epoch = 99
      Object.assign(found.session.extra, { list: [] })
    }
    expect(await store.sessions.find(before.id)).toStrictEqual({ session: before, user })
  })

  for (const reason of END_REASONS) {
    test(`a session ends once, by one caller, for the reason given: ${reason}`, async () => {
      const { store } = the
      const user = await insertUser(store)
      const session = await openSession(store, user.id)
      const first = await newRide(store, user.id)
      expect(await store.sessions.end(session.id, reason, NOW + 1, first.along)).toBe(true)
      await first.expectWritten()
      const second = await newRide(store, user.id)
      expect(await store.sessions.end(session.id, 'revoked', NOW + 2, second.along)).toBe(false)
      await second.expectNothing()
      expect(await stored(store, session)).toMatchObject({ endedAt: NOW + 1, endReason: reason })
    })
  }

  test('ending an unknown session says so and writes nothing', async () => {
    const { store } = the
    const ride = await newRide(store, newId())
    expect(await store.sessions.end(newId(), 'logout', NOW, ride.along)).toBe(false)
    await ride.expectNothing()
  })

  test("ending an administrator's session ends those impersonated from it, in any account, and no others", async () => {
    const { store } = the
    const [admin, one, two] = [await insertUser(store), await insertUser(store), await insertUser(store)]
    const [mine, spare] = [await openSession(store, admin.id), await openSession(store, admin.id)]
    const from = (userId: string, source: Session) =>
      openSession(store, userId, { impersonatorId: admin.id, impersonatorSessionId: source.id })
    const [asOne, asTwo, fromSpare] = [await from(one.id, mine), await from(two.id, mine), await from(one.id, spare)]
    const own = await openSession(store, one.id)
    await store.sessions.end(mine.id, 'logout', NOW + 1)

    for (const session of [asOne, asTwo])
      expect(await stored(store, session)).toMatchObject({ endedAt: NOW + 1, endReason: 'impersonator-ended' })
    for (const session of [fromSpare, own, spare]) expect((await stored(store, session))?.endedAt).toBeUndefined()
  })

  test('a session that was impersonated and had ended keeps its own reason', async () => {
    const { store } = the
    const [admin, user] = [await insertUser(store), await insertUser(store)]
    const mine = await openSession(store, admin.id)
    const impersonated = await openSession(store, user.id, { impersonatorId: admin.id, impersonatorSessionId: mine.id })
    await store.sessions.end(impersonated.id, 'logout', NOW + 1)
    await store.sessions.end(mine.id, 'logout', NOW + 2)
    expect(await stored(store, impersonated)).toMatchObject({ endedAt: NOW + 1, endReason: 'logout' })
  })

  test('ending all ends what is live, names it, and bumps the epoch', async () => {
    const { store } = the
    const [user, other] = [await insertUser(store), await insertUser(store)]
    const [one, two, ended] = [await openSession(store, user.id), await openSession(store, user.id), await openSession(store, user.id)]
    const expired = await openSession(store, user.id, { expiresAt: NOW + 1 })
    const idle = await openSession(store, user.id, { activeAt: NOW - HOUR, idle: MINUTE })
    const theirs = await openSession(store, other.id)
    await store.sessions.end(ended.id, 'logout', NOW)
    const ride = await newRide(store, user.id)

    const ids = await store.sessions.endAll(user.id, 'revoked', NOW + 1, undefined, ride.along)
    expect(ids.toSorted()).toEqual([one.id, two.id].toSorted())
    await ride.expectWritten()
    for (const session of [one, two]) expect(await stored(store, session)).toMatchObject({ endedAt: NOW + 1, endReason: 'revoked' })
    expect(await stored(store, ended)).toMatchObject({ endedAt: NOW, endReason: 'logout' })
    for (const session of [expired, idle, theirs]) expect(await stored(store, session)).toBeDefined()
    expect((await stored(store, theirs))?.endedAt).toBeUndefined()
    expect((await store.users.find({ kind: 'id', key: user.id }))?.epoch).toBe(1)

    // Nothing left to end: the epoch still goes up, for a login that is on its way.
    expect(await store.sessions.endAll(user.id, 'revoked', NOW + 2)).toEqual([])
    expect((await store.users.find({ kind: 'id', key: user.id }))?.epoch).toBe(2)
  })

  test('ending all of nobody ends nothing', async () => {
    const { store } = the
    const bystander = await openSession(store, (await insertUser(store)).id)
    expect(await store.sessions.endAll(newId(), 'revoked', NOW)).toEqual([])
    expect((await stored(store, bystander))?.endedAt).toBeUndefined()
  })

  test('ending all but one keeps that one live, and the epoch', async () => {
    const { store } = the
    const user = await insertUser(store)
    const [kept, gone] = [await openSession(store, user.id), await openSession(store, user.id)]
    const ride = await newRide(store, user.id)
    expect(await store.sessions.endAll(user.id, 'revoked', NOW + 1, kept.id, ride.along)).toEqual([gone.id])
    await ride.expectWritten()
    const found = await store.sessions.find(kept.id)
    expect(found && isLive(found, NOW + 2)).toBe(true)
    expect(found?.user.epoch).toBe(0)
  })

  test('ending all of an administrator ends what they impersonate, but for what comes from the kept session', async () => {
    const { store } = the
    const [admin, user] = [await insertUser(store), await insertUser(store)]
    const [kept, gone] = [await openSession(store, admin.id), await openSession(store, admin.id)]
    const from = (source: Session) => openSession(store, user.id, { impersonatorId: admin.id, impersonatorSessionId: source.id })
    const [fromKept, fromGone] = [await from(kept), await from(gone)]
    expect(await store.sessions.endAll(admin.id, 'revoked', NOW + 1, kept.id)).toEqual([gone.id])
    expect((await stored(store, fromKept))?.endedAt).toBeUndefined()
    expect(await stored(store, fromGone)).toMatchObject({ endReason: 'impersonator-ended' })

    await store.sessions.endAll(admin.id, 'revoked', NOW + 2)
    expect(await stored(store, fromKept)).toMatchObject({ endedAt: NOW + 2, endReason: 'impersonator-ended' })
  })

  test('an impersonated session ends with all of its administrator, also when it outlived the one it was made from', async () => {
    const { store } = the
    const [admin, user] = [await insertUser(store), await insertUser(store)]
    const expired = await openSession(store, admin.id, { expiresAt: NOW })
    const impersonated = await openSession(store, user.id, { impersonatorId: admin.id, impersonatorSessionId: expired.id })
    // Its maker was swept long ago, or had no session at all.
    const orphan = await openSession(store, user.id, { impersonatorId: admin.id })
    const ofAnother = await openSession(store, user.id, { impersonatorId: newId() })
    await store.sessions.endAll(admin.id, 'revoked', NOW + 1, newId())
    for (const session of [impersonated, orphan])
      expect(await stored(store, session)).toMatchObject({ endedAt: NOW + 1, endReason: 'impersonator-ended' })
    expect((await stored(store, ofAnother))?.endedAt).toBeUndefined()
  })

  test('the list shows what is neither ended nor past its deadline, most recently active first', async () => {
    const { store } = the
    const user = await insertUser(store)
    const at = (minutes: number, given: Partial<NewSession> = {}) =>
      openSession(store, user.id, { activeAt: NOW + minutes * MINUTE, ...given })
    const [second, first, third] = [await at(2), await at(3, { idle: null, resumeHash: newHash() }), await at(1)]
    await store.sessions.end((await at(4)).id, 'logout', NOW)
    await at(5, { expiresAt: NOW + HOUR })
    await at(6, { idle: 54 * MINUTE })
    await openSession(store, (await insertUser(store)).id)

    expect(await store.sessions.list(user.id, NOW + HOUR)).toStrictEqual([first, second, third].map(visible))
    expect(await store.sessions.list(user.id, NOW + HOUR - 1)).toHaveLength(5)
    expect(await store.sessions.list(newId(), NOW)).toEqual([])
  })

  test('activity is noted in a batch, never back in time, never on an ended session', async () => {
    const { store } = the
    const user = await insertUser(store)
    const [one, two, ahead, ended] = [
      await openSession(store, user.id),
      await openSession(store, user.id),
      await openSession(store, user.id, { activeAt: NOW + HOUR }),
      await openSession(store, user.id),
    ]
    await store.sessions.end(ended.id, 'logout', NOW)
    await store.sessions.touch([])
    await store.sessions.touch([
      ...[one, two, ahead, ended].map(({ id }, index) => ({ sessionId: id, activeAt: NOW + MINUTE + index })),
      { sessionId: newId(), activeAt: NOW },
    ])

    expect(await stored(store, one)).toStrictEqual({ ...visible(one), activeAt: NOW + MINUTE })
    expect((await stored(store, two))?.activeAt).toBe(NOW + MINUTE + 1)
    expect((await stored(store, ahead))?.activeAt).toBe(NOW + HOUR)
    expect((await stored(store, ended))?.activeAt).toBe(NOW)
  })

  test('the sweep deletes what has been over for long enough, a few at a time', () =>
    withEmpty(open, async store => {
      const user = await insertUser(store)
      const [over, keep] = [NOW + 10 * DAY, 30 * DAY]
      const resumeHash = newHash()
      const ended = await openSession(store, user.id, { resumeHash, idle: null })
      const expired = await openSession(store, user.id, { expiresAt: over, idle: null })
      const idle = await openSession(store, user.id, { idle: 10 * DAY })
      const live = await openSession(store, user.id)
      const neverIdle = await openSession(store, user.id, { idle: null })
      await store.sessions.touch([{ sessionId: live.id, activeAt: over }])
      await store.sessions.end(ended.id, 'logout', over)

      expect(await store.sessions.sweep(over + keep - 1, keep, 100)).toBe(0)
      expect(await store.sessions.sweep(over + keep + 1, keep, 2)).toBe(2)
      expect(await store.sessions.sweep(over + keep + 1, keep, 2)).toBe(1)
      expect(await store.sessions.sweep(over + keep + 1, keep, 2)).toBe(0)
      for (const session of [ended, expired, idle]) expect(await store.sessions.find(session.id)).toBeNull()
      expect(await store.sessions.findByResume(resumeHash)).toBeNull()
      for (const session of [live, neverIdle]) expect(await store.sessions.find(session.id)).not.toBeNull()
      expect(await store.sessions.sweep(NOW + 365 * DAY, keep, 100)).toBe(2)
    }))
}
