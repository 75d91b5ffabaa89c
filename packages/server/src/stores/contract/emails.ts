import { expect, test } from 'vitest'
import type { SecretHash } from '../../core/session/secret.ts'
import { addressOf, DAY, emailKeyOf, HOUR, insertUser, makeToken, makeUser, newHash, newId, NOW } from './make.ts'
import type { Setup } from './make.ts'
import { newRide } from './ride.ts'

/** Adding, removing, swapping and verifying addresses. */
export function emailsContract({ the }: Setup): void {
  const typed = (): { address: string; key: string } => {
    const address = `New.${newId()}@Example.org`
    return { address, key: address.toLowerCase() }
  }
  const unnamed = (): Parameters<typeof makeUser>[0] => {
    const { address, key } = typed()
    return { emails: [{ address, verified: false }], identifiers: [{ kind: 'email', key }] }
  }

  test('an added address goes to the end, and the order stays', async () => {
    const { store } = the
    const names = ['m', 'z', 'a', 'k'].map(name => `${name}-${newId().toLowerCase()}@example.org`)
    const user = await insertUser(store, { emails: names.map(address => ({ address, verified: address < 'l' })) })
    const { address, key } = typed()
    const ride = await newRide(store, user.id)
    expect(await store.users.addEmail(user.id, { address, verified: false }, key, NOW + 1, ride.along)).toBe('added')
    await ride.expectWritten()

    const expected = { ...user, emails: [...user.emails, { address, verified: false }], updatedAt: NOW + 1 }
    expect(await store.users.find({ kind: 'email', key })).toStrictEqual(expected)
    expect(await store.users.find({ kind: 'email', key: names[2] ?? '' })).toStrictEqual(expected)
  })

  test('an address may be added as verified', async () => {
    const { store } = the
    const user = await insertUser(store)
    const { address, key } = typed()
    await store.users.addEmail(user.id, { address, verified: true }, key, NOW)
    expect((await store.users.find({ kind: 'email', key }))?.emails[1]).toEqual({ address, verified: true })
  })

  test("an address that anybody has is taken, also one's own, and nothing is written", async () => {
    const { store } = the
    const [owner, late] = [await insertUser(store), await insertUser(store)]
    for (const claimant of [owner, late]) {
      const ride = await newRide(store, claimant.id)
      const email = { address: addressOf(owner).toUpperCase(), verified: false }
      expect(await store.users.addEmail(claimant.id, email, emailKeyOf(owner), NOW + 1, ride.along)).toBe('taken')
      await ride.expectNothing()
      expect(await store.users.find({ kind: 'id', key: claimant.id })).toStrictEqual(claimant)
    }
  })

  test('an address added to nobody stays free', async () => {
    const { store } = the
    const { address, key } = typed()
    const ride = await newRide(store, newId())
    expect(await store.users.addEmail(newId(), { address, verified: false }, key, NOW, ride.along)).toBe('gone')
    await ride.expectNothing()
    expect(await store.users.insert(makeUser({ emails: [{ address, verified: false }] }))).toEqual({ inserted: true })
  })

  test('a removed address is free again, and the tokens sent to it are gone', async () => {
    const { store } = the
    const other = typed()
    const user = await insertUser(store)
    await store.users.addEmail(user.id, { address: other.address, verified: true }, other.key, NOW)
    const sent = makeToken(user.id, { address: addressOf(user), purpose: 'reset-password' })
    const verifies = makeToken(user.id, { address: addressOf(user), purpose: 'verify-email' })
    const elsewhere = makeToken(user.id, { address: other.address, purpose: 'verify-email' })
    for (const token of [sent, verifies, elsewhere]) await store.tokens.issue(token)

    const ride = await newRide(store, user.id)
    expect(await store.users.removeEmail(user.id, emailKeyOf(user), NOW + 1, ride.along)).toBe('removed')
    await ride.expectWritten()

    expect((await store.users.find({ kind: 'id', key: user.id }))?.emails).toEqual([{ address: other.address, verified: true }])
    expect(await store.users.find({ kind: 'email', key: emailKeyOf(user) })).toBeNull()
    expect(await store.users.insert(makeUser({ emails: user.emails }))).toEqual({ inserted: true })
    expect(await store.tokens.find(sent.hash, 'reset-password', NOW)).toBeNull()
    expect(await store.tokens.find(verifies.hash, 'verify-email', NOW)).toBeNull()
    expect(await store.tokens.find(elsewhere.hash, 'verify-email', NOW)).not.toBeNull()
  })

  test('what a user does not have cannot be removed, and nothing is written', async () => {
    const { store } = the
    const [user, other] = [await insertUser(store), await insertUser(store)]
    for (const [userId, key] of [
      [user.id, newId()],
      [user.id, emailKeyOf(other)],
      [newId(), emailKeyOf(other)],
    ] as const) {
      const ride = await newRide(store, user.id)
      expect(await store.users.removeEmail(userId, key, NOW + 1, ride.along)).toBe('missing')
      await ride.expectNothing()
    }
    expect((await store.users.find({ kind: 'email', key: emailKeyOf(other) }))?.id).toBe(other.id)
  })

  test('the last name of a user is not removed', async () => {
    const { store } = the
    const user = await insertUser(store, unnamed())
    const { username: _, ...withoutName } = makeUser(unnamed()).user
    const bare = { ...withoutName, id: newId() }
    await store.users.insert({
      user: bare,
      credentials: [],
      identifiers: [
        { kind: 'email', key: emailKeyOf(bare) },
        { kind: 'oauth:github', key: newId() },
      ],
    })
    const ride = await newRide(store, bare.id)
    expect(await store.users.removeEmail(bare.id, emailKeyOf(bare), NOW + 1, ride.along)).toBe('last')
    await ride.expectNothing()
    expect(await store.users.find({ kind: 'email', key: emailKeyOf(bare) })).toStrictEqual(bare)
    // A username is a name too.
    expect(await store.users.removeEmail(user.id, emailKeyOf(user), NOW)).toBe('removed')
  })

  test('an address is swapped in its place, unverified, and its tokens are gone', async () => {
    const { store } = the
    const [first, last, next] = [typed(), typed(), typed()]
    const user = await insertUser(store, {
      emails: [first, { address: `old-${newId()}@example.org` }, last].map(({ address }) => ({ address, verified: true })),
    })
    const token = makeToken(user.id, { address: addressOf(user, 1), purpose: 'verify-email' })
    await store.tokens.issue(token)

    const ride = await newRide(store, user.id)
    const email = { address: next.address, verified: false }
    expect(await store.users.replaceEmail(user.id, emailKeyOf(user, 1), email, next.key, NOW + 1, ride.along)).toBe('replaced')
    await ride.expectWritten()

    expect((await store.users.find({ kind: 'email', key: next.key }))?.emails).toEqual([
      { address: first.address, verified: true },
      { address: next.address, verified: false },
      { address: last.address, verified: true },
    ])
    expect(await store.users.find({ kind: 'email', key: emailKeyOf(user, 1) })).toBeNull()
    expect(await store.tokens.find(token.hash, 'verify-email', NOW)).toBeNull()
  })

  test('an address is as verified as the one that takes its place', async () => {
    const { store } = the
    const [user, next] = [await insertUser(store), typed()]
    const email = { address: next.address, verified: true }
    expect(await store.users.replaceEmail(user.id, emailKeyOf(user), email, next.key, NOW + 1)).toBe('replaced')
    expect((await store.users.find({ kind: 'email', key: next.key }))?.emails).toEqual([email])
  })

  test('a user may spell an address anew', async () => {
    const { store } = the
    const user = await insertUser(store)
    const email = { address: emailKeyOf(user), verified: false }
    expect(await store.users.replaceEmail(user.id, emailKeyOf(user), email, emailKeyOf(user), NOW)).toBe('replaced')
    expect((await store.users.find({ kind: 'email', key: emailKeyOf(user) }))?.emails).toEqual([email])
  })

  test('an address is not swapped for one that anybody has, nor one that is not there, and nothing is written', async () => {
    const { store } = the
    const [owner, free] = [await insertUser(store), typed()]
    const user = await insertUser(store, { emails: [typed(), typed()].map(({ address }) => ({ address, verified: true })) })
    const swap = async (userId: string, from: string, to: { address: string; key: string }): Promise<string> => {
      const ride = await newRide(store, user.id)
      const outcome = await store.users.replaceEmail(userId, from, { address: to.address, verified: false }, to.key, NOW + 1, ride.along)
      await ride.expectNothing()
      return outcome
    }
    expect(await swap(user.id, emailKeyOf(user), { address: addressOf(owner), key: emailKeyOf(owner) })).toBe('taken')
    expect(await swap(user.id, emailKeyOf(user), { address: addressOf(user, 1), key: emailKeyOf(user, 1) })).toBe('taken')
    expect(await swap(user.id, emailKeyOf(owner), free)).toBe('missing')
    expect(await swap(newId(), emailKeyOf(user), free)).toBe('missing')
    expect(await store.users.find({ kind: 'id', key: user.id })).toStrictEqual(user)
    expect(await store.users.insert(makeUser({ emails: [{ address: free.address, verified: false }] }))).toEqual({ inserted: true })
  })

  test('addresses that come, change and go stay in step with their keys', async () => {
    const { store } = the
    const user = await insertUser(store)
    const [a, b, c, d] = [typed(), typed(), typed(), typed()]
    const addresses = async (): Promise<string[] | undefined> =>
      (await store.users.find({ kind: 'id', key: user.id }))?.emails.map(email => email.address)
    const unverified = ({ address }: { address: string }) => ({ address, verified: false })

    for (const email of [a, b]) expect(await store.users.addEmail(user.id, unverified(email), email.key, NOW)).toBe('added')
    expect(await store.users.removeEmail(user.id, emailKeyOf(user), NOW + 1)).toBe('removed')
    expect((await store.users.find({ kind: 'id', key: user.id }))?.updatedAt).toBe(NOW + 1)
    expect(await store.users.replaceEmail(user.id, b.key, unverified(c), c.key, NOW + 2)).toBe('replaced')
    expect((await store.users.find({ kind: 'id', key: user.id }))?.updatedAt).toBe(NOW + 2)
    expect(await store.users.replaceEmail(user.id, c.key, unverified(d), d.key, NOW + 3)).toBe('replaced')
    expect(await addresses()).toEqual([a.address, d.address])
    expect(await store.users.removeEmail(user.id, b.key, NOW + 4)).toBe('missing')
    expect(await store.users.removeEmail(user.id, a.key, NOW + 4)).toBe('removed')
    expect(await store.users.addEmail(user.id, unverified(b), b.key, NOW + 5)).toBe('added')
    expect(await store.users.removeEmail(user.id, d.key, NOW + 6)).toBe('removed')
    expect(await addresses()).toEqual([b.address])
  })

  test('a verification link verifies its own address once', async () => {
    const { store } = the
    const user = await insertUser(store, { emails: [typed(), typed()].map(({ address }) => ({ address, verified: false })) })
    const token = makeToken(user.id, { purpose: 'verify-email', address: addressOf(user, 1) })
    await store.tokens.issue(token)
    const ride = await newRide(store, user.id)
    const told: string[] = []
    const verified = await store.users.verifyEmail(token.hash, NOW + 1, (userId, address) => {
      told.push(userId, address)
      return ride.along
    })
    expect(verified).toEqual({ outcome: 'verified', userId: user.id, address: addressOf(user, 1) })
    expect(told).toEqual([user.id, addressOf(user, 1)])
    await ride.expectWritten()

    expect(await store.users.find({ kind: 'id', key: user.id })).toStrictEqual({
      ...user,
      emails: [
        { address: addressOf(user), verified: false },
        { address: addressOf(user, 1), verified: true },
      ],
      updatedAt: NOW + 1,
    })
    expect(await store.users.verifyEmail(token.hash, NOW + 1)).toEqual({ outcome: 'expired' })
  })

  test('a link that is unknown, expired or meant for something else verifies nothing', async () => {
    const { store } = the
    const user = await insertUser(store)
    const expired = makeToken(user.id, { purpose: 'verify-email', address: addressOf(user), expiresAt: NOW + HOUR })
    const reset = makeToken(user.id, { purpose: 'reset-password', address: addressOf(user) })
    await store.tokens.issue(expired)
    await store.tokens.issue(reset)
    const ride = await newRide(store, user.id)
    const verify = async (hash: SecretHash, at: number): Promise<string> =>
      (await store.users.verifyEmail(hash, at, () => ride.along)).outcome

    expect(await verify(newHash(), NOW)).toBe('expired')
    expect(await verify(expired.hash, NOW + HOUR)).toBe('expired')
    expect(await verify(reset.hash, NOW)).toBe('expired')
    await ride.expectNothing()
    expect(await store.tokens.find(reset.hash, 'reset-password', NOW)).not.toBeNull()
    expect(await store.users.find({ kind: 'id', key: user.id })).toStrictEqual(user)
  })

  test('a link to an address the user never had, or to nobody, is spent and verifies nothing', async () => {
    const { store } = the
    const user = await insertUser(store)
    for (const userId of [user.id, null]) {
      const token = makeToken(userId, { purpose: 'verify-email', address: typed().address, expiresAt: NOW + DAY })
      await store.tokens.issue(token)
      const ride = await newRide(store, user.id)
      expect(await store.users.verifyEmail(token.hash, NOW, () => ride.along)).toEqual({ outcome: 'unknown-address' })
      await ride.expectNothing()
      expect(await store.users.verifyEmail(token.hash, NOW)).toEqual({ outcome: 'expired' })
    }
    expect(await store.users.find({ kind: 'id', key: user.id })).toStrictEqual(user)
  })
}
