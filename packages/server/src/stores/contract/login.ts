import { expect, test } from 'vitest'
import type { Identifier } from '../../core/identity/user.ts'
import { userFailureKey } from '../../core/store.ts'
import type { LoginLookup } from '../../core/store.ts'
import { emailKeyOf, HOUR, insertUser, makeCredential, MINUTE, newHash, newId, newPassword, NOW, openSession } from './make.ts'
import type { Setup } from './make.ts'

/** What a login learns, and counts, in one round trip. */
export function loginContract({ the }: Setup): void {
  const lookup = (given: Partial<LoginLookup> = {}): LoginLookup => ({
    identifier: null,
    counts: [],
    failureKey: null,
    device: 'Firefox on Linux',
    now: NOW,
    ...given,
  })

  test('a login learns the user, their credentials and failures, by whatever name', async () => {
    const { store } = the
    const password = newPassword()
    const user = await insertUser(store, { password })
    await store.users.putCredential(makeCredential(user.id))
    const failureKey = newId()
    await store.attempts.fail([failureKey], NOW, HOUR)
    await store.attempts.fail([userFailureKey(user.id)], NOW, HOUR)
    await store.attempts.fail([userFailureKey(user.id)], NOW + 1, HOUR)

    const names: Identifier[] = [
      { kind: 'id', key: user.id },
      { kind: 'email', key: emailKeyOf(user) },
      { kind: 'username', key: user.username?.toLowerCase() ?? '' },
    ]
    for (const identifier of names) {
      const candidate = await store.users.beginLogin(lookup({ identifier, failureKey, now: NOW + 2 }))
      expect(candidate.user).toStrictEqual(user)
      expect(candidate.credentials.map(credential => credential.kind).toSorted()).toEqual(['password', 'totp'])
      expect(candidate.credentials.find(credential => credential.kind === 'password')?.secret).toBe(password.hash)
      expect(candidate.failures).toEqual({ identifier: { count: 1, lastAt: NOW }, user: { count: 2, lastAt: NOW + 1 } })
      expect(candidate.tallies).toEqual([])
    }
  })

  test('an unknown name costs the same counters and leads to nobody', async () => {
    const { store } = the
    const failureKey = newId()
    await store.attempts.fail([failureKey], NOW, HOUR)
    const counts = [
      { key: newId(), window: MINUTE },
      { key: newId(), window: HOUR },
    ]
    const candidate = await store.users.beginLogin(lookup({ identifier: { kind: 'email', key: newId() }, counts, failureKey }))
    expect(candidate).toMatchObject({ user: null, credentials: [], failures: { identifier: { count: 1, lastAt: NOW }, user: null } })
    expect(candidate.tallies).toEqual([
      { key: counts[0]?.key, count: 1, resetsAt: NOW + MINUTE },
      { key: counts[1]?.key, count: 1, resetsAt: NOW + HOUR },
    ])
  })

  test('a login without a name counts and finds nobody', async () => {
    const { store } = the
    const key = newId()
    const candidate = await store.users.beginLogin(lookup({ counts: [{ key, window: MINUTE }] }))
    expect(candidate).toMatchObject({ user: null, credentials: [], failures: { identifier: null, user: null } })
    expect(candidate.tallies).toEqual([{ key, count: 1, resetsAt: NOW + MINUTE }])
  })

  test('logins and other attempts raise the same counters', async () => {
    const { store } = the
    const count = { key: newId(), window: MINUTE }
    await store.attempts.count([count], NOW)
    const { tallies } = await store.users.beginLogin(lookup({ counts: [count], now: NOW + 1 }))
    expect(tallies).toEqual([{ key: count.key, count: 2, resetsAt: NOW + MINUTE }])
    expect(await store.attempts.count([count], NOW + 2)).toEqual([{ key: count.key, count: 3, resetsAt: NOW + MINUTE }])
  })

  test('failures that are forgotten are not brought up', async () => {
    const { store } = the
    const user = await insertUser(store)
    const failureKey = newId()
    await store.attempts.fail([failureKey, userFailureKey(user.id)], NOW, HOUR)
    const identifier = { kind: 'id', key: user.id } as const
    const just = await store.users.beginLogin(lookup({ identifier, failureKey, now: NOW + HOUR - 1 }))
    expect(just.failures.identifier?.count).toBe(1)
    const { failures } = await store.users.beginLogin(lookup({ identifier, failureKey, now: NOW + HOUR }))
    expect(failures).toEqual({ identifier: null, user: null })
  })

  test('a device is known once the user had a session on it, and every device is before they had any', async () => {
    const { store } = the
    const [user, other] = [await insertUser(store), await insertUser(store)]
    const seen = async (device: string): Promise<boolean> =>
      (await store.users.beginLogin(lookup({ identifier: { kind: 'id', key: user.id }, device }))).deviceSeen
    await openSession(store, other.id, { device: 'curl' })
    expect(await seen('Safari on iPhone')).toBe(true)

    const session = await openSession(store, user.id, { device: 'Firefox on Linux' })
    expect(await seen('Firefox on Linux')).toBe(true)
    expect(await seen('Safari on iPhone')).toBe(false)
    expect(await seen('curl')).toBe(false)
    await store.sessions.end(session.id, 'logout', NOW)
    expect(await seen('Firefox on Linux')).toBe(true)
    expect(await seen('Safari on iPhone')).toBe(false)
  })

  test('a device is not known because somebody acted as the user on it', async () => {
    const { store } = the
    const [user, admin] = [await insertUser(store), await insertUser(store)]
    const seen = async (device: string): Promise<boolean> =>
      (await store.users.beginLogin(lookup({ identifier: { kind: 'id', key: user.id }, device }))).deviceSeen
    await openSession(store, user.id, { device: 'Firefox on Linux', impersonatorId: admin.id })
    // They have not had a session of their own yet.
    expect(await seen('Safari on iPhone')).toBe(true)
    await openSession(store, user.id, { device: 'Safari on iPhone' })
    expect(await seen('Firefox on Linux')).toBe(false)
    expect(await seen('Safari on iPhone')).toBe(true)
  })

  test('a login learns of deactivation and epoch as they are at that moment', async () => {
    const { store } = the
    const user = await insertUser(store)
    await store.users.setDeactivated(user.id, true, NOW + 1)
    const { user: found } = await store.users.beginLogin(lookup({ identifier: { kind: 'id', key: user.id } }))
    expect(found).toMatchObject({ deactivatedAt: NOW + 1, epoch: 1 })
  })

  test('opening the session clears the failures it names, and them alone', async () => {
    const { store } = the
    const user = await insertUser(store)
    const [cleared, kept] = [newId(), newId()]
    await store.attempts.fail([cleared, kept, userFailureKey(user.id)], NOW, HOUR)
    const session = await openSession(store, user.id, { resumeHash: newHash() })
    await store.sessions.open({ ...session, id: newId(), resumeHash: newHash() }, { clear: [cleared, userFailureKey(user.id)] })
    expect(await store.attempts.failures([cleared, kept, userFailureKey(user.id)], NOW)).toEqual([null, { count: 1, lastAt: NOW }, null])
  })
}
