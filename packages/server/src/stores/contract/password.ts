import { expect, test } from 'vitest'
import type { StoredPassword } from '../../core/identity/credential.ts'
import { passwordOf } from '../../core/identity/credential.ts'
import type { User } from '../../core/identity/user.ts'
import { isLive } from '../../core/session/session.ts'
import type { PasswordChange, Store } from '../../core/store.ts'
import { addressOf, emailKeyOf, HOUR, insertUser, makeToken, newHash, newId, newPassword, NOW, openSession } from './make.ts'
import type { Setup } from './make.ts'
import { newRide } from './ride.ts'

/** Changing the password, and what it does to sessions and tokens. */
export function passwordContract({ the }: Setup): void {
  const keptPassword = async (store: Store, user: User): Promise<StoredPassword | null> =>
    passwordOf(await store.users.credentials(user.id))
  const epochOf = async (store: Store, user: User): Promise<number | undefined> =>
    (await store.users.find({ kind: 'id', key: user.id }))?.epoch
  const live = async (store: Store, sessionId: string, now = NOW + 2): Promise<boolean> => {
    const found = await store.sessions.find(sessionId)
    return found !== null && isLive(found, now)
  }
  /** Expects a refusal, and that it left no trace. */
  const refused = async (store: Store, user: User, change: PasswordChange): Promise<string> => {
    const before = await keptPassword(store, user)
    const session = await openSession(store, user.id)
    const ride = await newRide(store, user.id)
    const outcome = await store.users.changePassword(change, ride.along)
    await ride.expectNothing()
    expect(await keptPassword(store, user)).toEqual(before)
    expect(await live(store, session.id)).toBe(true)
    return outcome
  }

  test('a password is set, also where there was none, and what rides along is written', async () => {
    const { store } = the
    for (const given of [{}, { password: newPassword() }]) {
      const user = await insertUser(store, given)
      const password = newPassword()
      const ride = await newRide(store, user.id)
      expect(await store.users.changePassword({ userId: user.id, password, now: NOW + 1 }, ride.along)).toBe('changed')
      await ride.expectWritten()
      expect(await keptPassword(store, user)).toEqual(password)
      expect(await store.users.credentials(user.id)).toHaveLength(1)
    }
  })

  test('a change may leave every session alone', async () => {
    const { store } = the
    const user = await insertUser(store)
    const session = await openSession(store, user.id)
    await store.users.changePassword({ userId: user.id, password: newPassword(), now: NOW + 1 })
    expect(await live(store, session.id)).toBe(true)
    expect(await epochOf(store, user)).toBe(0)
  })

  test('a change may end every session of the user, and of nobody else', async () => {
    const { store } = the
    const [user, other] = [await insertUser(store), await insertUser(store)]
    const [one, two, theirs] = [await openSession(store, user.id), await openSession(store, user.id), await openSession(store, other.id)]
    await store.users.changePassword({ userId: user.id, password: newPassword(), now: NOW + 1, endSessionsExcept: null })

    for (const session of [one, two]) {
      expect((await store.sessions.find(session.id))?.session).toMatchObject({ endedAt: NOW + 1, endReason: 'password-changed' })
    }
    expect(await live(store, theirs.id)).toBe(true)
    expect(await epochOf(store, user)).toBe(1)
    expect(await epochOf(store, other)).toBe(0)
  })

  test('a change may keep the session it was made from, which moves to the new epoch', async () => {
    const { store } = the
    const user = await insertUser(store)
    const [mine, other] = [await openSession(store, user.id), await openSession(store, user.id)]
    await store.users.changePassword({ userId: user.id, password: newPassword(), now: NOW + 1, endSessionsExcept: mine.id })
    expect(await live(store, mine.id)).toBe(true)
    expect(await live(store, other.id)).toBe(false)
    expect(await epochOf(store, user)).toBe(1)
    expect((await store.sessions.find(mine.id))?.session.epoch).toBe(1)
  })

  test('naming a session to keep brings back none that was over, and takes none of another user along', async () => {
    const { store } = the
    const [user, other] = [await insertUser(store, { epoch: 5 }), await insertUser(store)]
    const ended = await openSession(store, user.id, { epoch: 5 })
    await store.sessions.end(ended.id, 'logout', NOW)
    const ofOldEpoch = await openSession(store, user.id, { epoch: 4 })
    const theirs = await openSession(store, other.id)

    for (const [index, session] of [ended, ofOldEpoch, theirs].entries()) {
      await store.users.changePassword({ userId: user.id, password: newPassword(), now: NOW + 1, endSessionsExcept: session.id })
      expect(await epochOf(store, user)).toBe(6 + index)
    }
    expect(await live(store, ended.id)).toBe(false)
    expect((await store.sessions.find(ended.id))?.session.endReason).toBe('logout')
    expect(await live(store, ofOldEpoch.id)).toBe(false)
    expect(await live(store, theirs.id)).toBe(true)
    expect((await store.sessions.find(theirs.id))?.session.epoch).toBe(0)
  })

  test('links to set a password stay good through a change that says so', async () => {
    const { store } = the
    const user = await insertUser(store)
    const reset = makeToken(user.id, { purpose: 'reset-password' })
    await store.tokens.issue(reset)
    await store.users.changePassword({ userId: user.id, password: newPassword(), now: NOW, keepLinks: true })
    expect(await store.tokens.find(reset.hash, 'reset-password', NOW)).not.toBeNull()
  })

  test('links to set a password are dropped by any change, other links stay', async () => {
    const { store } = the
    const user = await insertUser(store)
    const other = await insertUser(store)
    const reset = makeToken(user.id, { purpose: 'reset-password', address: 'one@example.org' })
    const enroll = makeToken(user.id, { purpose: 'enroll-account', address: 'two@example.org' })
    const verify = makeToken(user.id, { purpose: 'verify-email', address: 'one@example.org' })
    const theirs = makeToken(other.id, { purpose: 'reset-password', address: 'one@example.org' })
    for (const token of [reset, enroll, verify, theirs]) await store.tokens.issue(token)
    await store.users.changePassword({ userId: user.id, password: newPassword(), now: NOW + 1 })

    expect(await store.tokens.find(reset.hash, 'reset-password', NOW)).toBeNull()
    expect(await store.tokens.find(enroll.hash, 'enroll-account', NOW)).toBeNull()
    expect(await store.tokens.find(verify.hash, 'verify-email', NOW)).not.toBeNull()
    expect(await store.tokens.find(theirs.hash, 'reset-password', NOW)).not.toBeNull()
  })

  test('a token allows one change, and proves its address', async () => {
    const { store } = the
    const user = await insertUser(store)
    const token = makeToken(user.id, { address: addressOf(user) })
    await store.tokens.issue(token)
    const change: PasswordChange = {
      userId: user.id,
      password: newPassword(),
      now: NOW + 1,
      consume: { hash: token.hash, purpose: 'reset-password' },
      verifyEmailKey: emailKeyOf(user),
    }
    expect(await store.users.changePassword(change)).toBe('changed')
    const changed = await store.users.find({ kind: 'id', key: user.id })
    expect(changed?.emails).toEqual([{ address: addressOf(user), verified: true }])
    expect(changed?.updatedAt).toBe(NOW + 1)
    expect(await refused(store, user, { ...change, password: newPassword() })).toBe('gone')
  })

  test('whatever the token was for, it allows one change only', async () => {
    const { store } = the
    const user = await insertUser(store)
    const token = makeToken(user.id, { purpose: 'login-link' })
    await store.tokens.issue(token)
    const change: PasswordChange = {
      userId: user.id,
      password: newPassword(),
      now: NOW + 1,
      consume: { hash: token.hash, purpose: 'login-link' },
    }
    expect(await store.users.changePassword(change)).toBe('changed')
    expect(await refused(store, user, change)).toBe('gone')
  })

  test('a change is refused as gone when its token is unknown, expired, for something else, or of somebody else', async () => {
    const { store } = the
    const [user, other] = [await insertUser(store, { password: newPassword() }), await insertUser(store)]
    const expired = makeToken(user.id, { address: 'a@example.org', expiresAt: NOW + HOUR })
    const verifies = makeToken(user.id, { purpose: 'verify-email' })
    const theirs = makeToken(other.id)
    const decoy = makeToken(null)
    for (const token of [expired, verifies, theirs, decoy]) await store.tokens.issue(token)
    const change: PasswordChange = {
      userId: user.id,
      password: newPassword(),
      now: NOW + 1,
      endSessionsExcept: null,
      verifyEmailKey: emailKeyOf(user),
    }

    expect(await refused(store, user, { ...change, consume: { hash: newHash(), purpose: 'reset-password' } })).toBe('gone')
    expect(await refused(store, user, { ...change, consume: { hash: verifies.hash, purpose: 'reset-password' } })).toBe('gone')
    expect(await refused(store, user, { ...change, consume: { hash: theirs.hash, purpose: 'reset-password' } })).toBe('gone')
    expect(await refused(store, user, { ...change, consume: { hash: decoy.hash, purpose: 'reset-password' } })).toBe('gone')
    expect(await refused(store, user, { ...change, now: NOW + HOUR, consume: { hash: expired.hash, purpose: 'reset-password' } })).toBe(
      'gone',
    )
    expect((await store.users.find({ kind: 'id', key: user.id }))?.emails[0]?.verified).toBe(false)
    expect(await store.tokens.find(theirs.hash, 'reset-password', NOW)).not.toBeNull()
    expect(await store.tokens.find(verifies.hash, 'verify-email', NOW)).not.toBeNull()
  })

  test('a change for nobody is gone, and leaves no credential behind', async () => {
    const { store } = the
    const nobody = newId()
    const ride = await newRide(store, nobody)
    expect(
      await store.users.changePassword({ userId: nobody, password: newPassword(), now: NOW, endSessionsExcept: null }, ride.along),
    ).toBe('gone')
    await ride.expectNothing()
    expect(await store.users.credentials(nobody)).toEqual([])
  })

  test('a change is stale when the kept password is not the expected one, and spends no token', async () => {
    const { store } = the
    const password = newPassword()
    const user = await insertUser(store, { password })
    const token = makeToken(user.id)
    await store.tokens.issue(token)
    const change: PasswordChange = {
      userId: user.id,
      password: newPassword(),
      now: NOW + 1,
      consume: { hash: token.hash, purpose: 'reset-password' },
    }

    expect(await refused(store, user, { ...change, expected: newPassword() })).toBe('stale')
    expect(await refused(store, user, { ...change, expected: { ...password, form: 'bcrypt' } })).toBe('stale')
    expect(await refused(store, user, { ...change, expected: null })).toBe('stale')
    expect(await store.tokens.find(token.hash, 'reset-password', NOW)).not.toBeNull()
    expect(await store.users.changePassword({ ...change, expected: password })).toBe('changed')
  })

  test('expecting no password holds only while there is none', async () => {
    const { store } = the
    const user = await insertUser(store)
    expect(await refused(store, user, { userId: user.id, password: newPassword(), now: NOW, expected: newPassword() })).toBe('stale')
    expect(await store.users.changePassword({ userId: user.id, password: newPassword(), now: NOW, expected: null })).toBe('changed')
    expect(await refused(store, user, { userId: user.id, password: newPassword(), now: NOW, expected: null })).toBe('stale')
  })

  test("an administrator's change ends the sessions impersonated from those it ends, and no others", async () => {
    const { store } = the
    const [admin, user] = [await insertUser(store), await insertUser(store)]
    const [kept, gone] = [await openSession(store, admin.id), await openSession(store, admin.id)]
    const fromKept = await openSession(store, user.id, { impersonatorId: admin.id, impersonatorSessionId: kept.id })
    const fromGone = await openSession(store, user.id, { impersonatorId: admin.id, impersonatorSessionId: gone.id })
    await store.users.changePassword({ userId: admin.id, password: newPassword(), now: NOW + 1, endSessionsExcept: kept.id })
    expect(await live(store, fromKept.id)).toBe(true)
    expect((await store.sessions.find(fromGone.id))?.session).toMatchObject({ endedAt: NOW + 1, endReason: 'impersonator-ended' })
  })
}
