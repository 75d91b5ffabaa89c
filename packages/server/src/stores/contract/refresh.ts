import { expect, test } from 'vitest'
import type { User } from '../../core/identity/user.ts'
import type { NewSession } from '../../core/session/session.ts'
import type { SecretHash } from '../../core/session/secret.ts'
import type { Rotation, Store } from '../../core/store.ts'
import { DAY, insertUser, makeRotation, makeSession, newHash, newId, NOW, openSession } from './make.ts'
import type { Setup } from './make.ts'
import { newRide } from './ride.ts'

/** Turns of the refresh secret. The rule itself is core's `turnRefresh`; here is that the store applies it to what it keeps. */
export function refreshContract({ the }: Setup): void {
  const GRACE = 30_000

  interface Opened {
    user: User
    session: NewSession
    /** The secret to be presented first. */
    tip: SecretHash
    turn: (presented: SecretHash, given?: Partial<Rotation>) => ReturnType<Store['sessions']['rotate']>
  }

  const opened = async (store: Store, given: Partial<NewSession> = {}): Promise<Opened> => {
    const user = await insertUser(store)
    const tip = newHash()
    const session = await openSession(store, user.id, { refresh: { tip, spent: [] }, ...given })
    return {
      user,
      session,
      tip,
      turn: (presented, rotation) => store.sessions.rotate(makeRotation(session.id, presented, { grace: GRACE, ...rotation })),
    }
  }
  const after = (presented: SecretHash): SecretHash => newHash(`after ${presented}`)

  test('the tip turns into its successor, and the connection is noted', async () => {
    const { store } = the
    const { user, session, tip, turn } = await opened(store)
    const outcome = await turn(tip, { now: NOW + 1, ip: '2001:db8::1', userAgent: 'Other/1', device: 'Safari on iPhone' })
    const { refresh: _, ...visible } = session
    const expected = {
      session: { ...visible, activeAt: NOW + 1, ip: '2001:db8::1', userAgent: 'Other/1', device: 'Safari on iPhone' },
      user,
    }
    expect(outcome).toStrictEqual({ outcome: 'rotated', found: expected, next: after(tip) })
    expect(await store.sessions.find(session.id)).toStrictEqual(expected)
    expect(await turn(after(tip), { now: NOW + 2, ip: null, userAgent: null })).toMatchObject({
      outcome: 'rotated',
      found: { session: { ip: null, userAgent: null } },
    })
  })

  test('a turn never moves activity back', async () => {
    const { store } = the
    const { session, tip, turn } = await opened(store, { activeAt: NOW + DAY })
    await turn(tip, { now: NOW + 1 })
    expect((await store.sessions.find(session.id))?.session.activeAt).toBe(NOW + DAY)
  })

  test('a new handle and generation come with a first turn, not with a repeated one', async () => {
    const { store } = the
    const { session, tip, turn } = await opened(store, { generation: 4 })
    const [first, second] = [newId(), newId()]
    expect(await turn(tip, { handle: first })).toMatchObject({ outcome: 'rotated', found: { session: { handle: first, generation: 5 } } })
    expect(await turn(tip, { handle: second })).toMatchObject({ outcome: 'repeated', found: { session: { handle: first, generation: 5 } } })
    expect((await store.sessions.find(session.id))?.session).toMatchObject({ handle: first, generation: 5 })
  })

  test('a repeated turn leaves the chain as it is', async () => {
    const { store } = the
    const { tip, turn } = await opened(store)
    expect((await turn(tip)).outcome).toBe('rotated')
    // The successor was not used yet, so its predecessor stays good however long that takes.
    for (const days of [0, 1, 6]) expect((await turn(tip, { now: NOW + days * DAY })).outcome).toBe('repeated')
    expect((await turn(after(tip), { now: NOW + 6 * DAY })).outcome).toBe('rotated')
    // From now on the grace runs; a repeated turn does not extend it.
    expect((await turn(tip, { now: NOW + 6 * DAY + GRACE - 1 })).outcome).toBe('repeated')
    expect((await turn(tip, { now: NOW + 6 * DAY + GRACE })).outcome).toBe('reused')
  })

  test('a repeated turn leads to the successor that was made at the first, whatever is proposed now', async () => {
    const { store } = the
    const { tip, turn } = await opened(store)
    const other = newHash()
    expect(await turn(tip)).toMatchObject({ outcome: 'rotated', next: after(tip) })
    expect(await turn(tip, { next: other })).toMatchObject({ outcome: 'repeated', next: after(tip) })
    await turn(after(tip))
    expect(await turn(tip, { next: other })).toMatchObject({ outcome: 'repeated', next: after(tip) })
    expect(await turn(after(tip), { next: other })).toMatchObject({ outcome: 'repeated', next: after(after(tip)) })
    expect((await turn(other, { endOnReuse: false })).outcome).toBe('reused')
  })

  test('the chain shows the tip and what was spent; there is none in a session without refresh secrets', async () => {
    const { store } = the
    const { user, session, tip, turn } = await opened(store)
    expect(await store.sessions.refreshChain(session.id)).toEqual({ tip, spent: [] })
    await turn(tip)
    expect(await store.sessions.refreshChain(session.id)).toEqual({ tip: after(tip), spent: [{ hash: tip, until: null }] })
    const bare = await openSession(store, user.id, { resumeHash: newHash() })
    expect(await store.sessions.refreshChain(bare.id)).toBeNull()
    expect(await store.sessions.refreshChain(newId())).toBeNull()
  })

  test('a secret that was spent, or never was, ends the session', async () => {
    const { store } = the
    for (const presented of ['spent', 'unknown'] as const) {
      const { user, session, tip, turn } = await opened(store)
      await turn(tip)
      await turn(after(tip))
      const ride = await newRide(store, user.id)
      const outcome = await turn(presented === 'spent' ? tip : newHash(), {
        now: NOW + GRACE,
        alongReuse: () => ride.along,
        ip: '203.0.113.9',
      })
      expect(outcome).toMatchObject({
        outcome: 'reused',
        found: { session: { endedAt: NOW + GRACE, endReason: 'reused-refresh' }, user: { id: user.id } },
      })
      await ride.expectWritten()
      expect((await store.sessions.find(session.id))?.session).toMatchObject({ endedAt: NOW + GRACE, endReason: 'reused-refresh' })
      // The thief's connection is not noted as the owner's.
      expect((await store.sessions.find(session.id))?.session.ip).toBe('192.0.2.1')
      expect(await turn(after(after(tip)), { now: NOW + GRACE })).toEqual({ outcome: 'over' })
    }
  })

  test('a mismatch that may be forged is reported but ends nothing', async () => {
    const { store } = the
    const { user, session, tip, turn } = await opened(store)
    const ride = await newRide(store, user.id)
    const outcome = await turn(newHash(), { now: NOW + 1, endOnReuse: false, alongReuse: () => ride.along })
    expect(outcome.outcome).toBe('reused')
    await ride.expectWritten()
    expect((await store.sessions.find(session.id))?.session.endedAt).toBeUndefined()
    expect((await turn(tip)).outcome).toBe('rotated')
  })

  test('what rides along with a reuse is not written otherwise', async () => {
    const { store } = the
    const { user, tip, turn } = await opened(store)
    const ride = await newRide(store, user.id)
    const outcomes = [await turn(tip, { alongReuse: () => ride.along }), await turn(tip, { alongReuse: () => ride.along })]
    outcomes.push(await turn(newHash(), { alongReuse: () => ride.along, judge: () => false }))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['rotated', 'repeated', 'over'])
    await ride.expectNothing()
  })

  test('a reuse ends the sessions impersonated from that one', async () => {
    const { store } = the
    const { user: admin, session, turn } = await opened(store)
    const impersonated = await openSession(store, (await insertUser(store)).id, {
      impersonatorId: admin.id,
      impersonatorSessionId: session.id,
    })
    await turn(newHash(), { now: NOW + 1 })
    expect((await store.sessions.find(impersonated.id))?.session).toMatchObject({ endedAt: NOW + 1, endReason: 'impersonator-ended' })
  })

  test('the judge sees session and user as they are, and its no writes nothing', async () => {
    const { store } = the
    const { user, session, tip, turn } = await opened(store)
    await store.users.setCustom(user.id, { plan: 'pro' }, NOW + 1)
    await store.sessions.touch([{ sessionId: session.id, activeAt: NOW + 5 }])
    const before = await store.sessions.find(session.id)
    const seen: unknown[] = []
    const no = await turn(tip, {
      now: NOW + 9,
      handle: newId(),
      judge: found => {
        seen.push(structuredClone(found))
        return false
      },
    })
    expect(no).toEqual({ outcome: 'over' })
    expect(seen).toStrictEqual([before])
    expect(await store.sessions.find(session.id)).toStrictEqual(before)
    expect((await turn(tip)).outcome).toBe('rotated')
  })

  test('an ended session, one of a deactivated user, and one of an old epoch are over', async () => {
    const { store } = the
    const [ended, deactivated, old] = [await opened(store), await opened(store), await opened(store)]
    await store.sessions.end(ended.session.id, 'logout', NOW)
    await store.users.setDeactivated(deactivated.user.id, true, NOW)
    await store.sessions.endAll(old.user.id, 'revoked', NOW)
    for (const { tip, turn } of [ended, deactivated, old]) expect(await turn(tip)).toEqual({ outcome: 'over' })
  })

  test('an ended session is not turned, whatever the judge says', async () => {
    const { store } = the
    const { session, tip, turn } = await opened(store)
    await store.sessions.end(session.id, 'logout', NOW)
    expect(await turn(tip, { judge: () => true })).toEqual({ outcome: 'over' })
    expect((await store.sessions.find(session.id))?.session).toMatchObject({ endedAt: NOW, endReason: 'logout' })
  })

  test('unknown sessions, sessions of removed users and those without a refresh secret are over', async () => {
    const { store } = the
    const { user, session, tip, turn } = await opened(store)
    expect(await store.sessions.rotate(makeRotation(newId(), tip))).toEqual({ outcome: 'over' })
    const cookie = await openSession(store, user.id, { resumeHash: newHash() })
    expect(await store.sessions.rotate(makeRotation(cookie.id, newHash()))).toEqual({ outcome: 'over' })
    expect((await store.sessions.find(cookie.id))?.session.endedAt).toBeUndefined()
    const orphan = makeSession(newId(), { refresh: { tip, spent: [] } })
    expect(await store.sessions.open(orphan)).toBe(false)
    expect(await store.sessions.rotate(makeRotation(orphan.id, tip))).toEqual({ outcome: 'over' })
    await store.users.remove(user.id, NOW)
    expect(await turn(tip)).toEqual({ outcome: 'over' })
    expect(await store.sessions.find(session.id)).toBeNull()
  })

  test('a secret of one session does not turn another', async () => {
    const { store } = the
    const [mine, theirs] = [await opened(store), await opened(store)]
    expect((await mine.turn(theirs.tip, { endOnReuse: false })).outcome).toBe('reused')
    expect((await theirs.turn(theirs.tip)).outcome).toBe('rotated')
  })

  test('a long chain of turns keeps working', async () => {
    const { store } = the
    const { session, tip, turn } = await opened(store)
    let presented = tip
    for (let n = 1; n <= 50; n += 1) {
      expect((await turn(presented, { now: NOW + n * GRACE, handle: newId() })).outcome).toBe('rotated')
      presented = after(presented)
    }
    expect((await store.sessions.find(session.id))?.session.generation).toBe(50)
  })
}
