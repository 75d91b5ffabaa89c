import { expect, test } from 'vitest'
import { TOKEN_PURPOSES } from '../../core/token/one-time-token.ts'
import { DAY, HOUR, insertUser, makeToken, newHash, newId, NOW, withEmpty } from './make.ts'
import type { Setup } from './make.ts'
import { newRide } from './ride.ts'

/** Tokens that are good once. */
export function tokensContract({ the, open }: Setup): void {
  test('a token is found as it was issued, and looking does not consume it', async () => {
    const { store } = the
    const user = await insertUser(store)
    const token = makeToken(user.id, {
      address: 'Ünï "x" <ada@example.org>',
      data: { factor: 'password', é: [null, { deep: true }] },
      tries: 2,
    })
    const ride = await newRide(store, user.id)
    await store.tokens.issue(token, { audit: ride.along.audit, mail: ride.along.mail, token: ride.along.token })
    await ride.expectWritten()
    for (let n = 0; n < 2; n += 1) expect(await store.tokens.find(token.hash, token.purpose, NOW)).toStrictEqual(token)
  })

  test('a token is consumed once, and what rides along is written with it', async () => {
    const { store } = the
    const user = await insertUser(store)
    const token = makeToken(user.id)
    await store.tokens.issue(token)
    const first = await newRide(store, user.id)
    expect(await store.tokens.consume(token.hash, token.purpose, NOW, first.along)).toStrictEqual(token)
    await first.expectWritten()
    const second = await newRide(store, user.id)
    expect(await store.tokens.consume(token.hash, token.purpose, NOW, second.along)).toBeNull()
    await second.expectNothing()
    expect(await store.tokens.find(token.hash, token.purpose, NOW)).toBeNull()
  })

  for (const purpose of TOKEN_PURPOSES) {
    test(`a token of another purpose is no good for ${purpose}, and is not lost by trying`, async () => {
      const { store } = the
      const user = await insertUser(store)
      for (const other of TOKEN_PURPOSES.filter(candidate => candidate !== purpose)) {
        const token = makeToken(user.id, { purpose: other })
        await store.tokens.issue(token)
        const ride = await newRide(store, user.id)
        expect(await store.tokens.find(token.hash, purpose, NOW)).toBeNull()
        expect(await store.tokens.consume(token.hash, purpose, NOW, ride.along)).toBeNull()
        await store.tokens.miss(token.hash, purpose, 1)
        await ride.expectNothing()
        expect(await store.tokens.consume(token.hash, other, NOW)).toStrictEqual(token)
      }
    })
  }

  test('a token is good until the moment it expires', async () => {
    const { store } = the
    const user = await insertUser(store)
    const token = makeToken(user.id, { expiresAt: NOW + HOUR })
    await store.tokens.issue(token)
    expect(await store.tokens.find(token.hash, token.purpose, NOW + HOUR - 1)).not.toBeNull()
    expect(await store.tokens.find(token.hash, token.purpose, NOW + HOUR)).toBeNull()
    const ride = await newRide(store, user.id)
    expect(await store.tokens.consume(token.hash, token.purpose, NOW + HOUR, ride.along)).toBeNull()
    await ride.expectNothing()
  })

  test('an unknown token is neither found nor consumed', async () => {
    const { store } = the
    const ride = await newRide(store, newId())
    expect(await store.tokens.find(newHash(), 'reset-password', NOW)).toBeNull()
    expect(await store.tokens.consume(newHash(), 'reset-password', NOW, ride.along)).toBeNull()
    await store.tokens.miss(newHash(), 'reset-password', 1)
    await ride.expectNothing()
  })

  test('a new token replaces the earlier one of the same purpose, user and address, and no other', async () => {
    const { store } = the
    const [user, other] = [await insertUser(store), await insertUser(store)]
    const earlier = makeToken(user.id)
    const others = [
      makeToken(user.id, { purpose: 'verify-email' }),
      makeToken(user.id, { address: 'other@example.org' }),
      makeToken(other.id),
      makeToken(null),
    ]
    for (const token of [earlier, ...others]) await store.tokens.issue(token)
    const next = makeToken(user.id)
    await store.tokens.issue(next)
    expect(await store.tokens.find(earlier.hash, earlier.purpose, NOW)).toBeNull()
    for (const token of [next, ...others]) expect(await store.tokens.find(token.hash, token.purpose, NOW)).toStrictEqual(token)

    const along = makeToken(user.id)
    await store.users.setUsername(user.id, newId(), newId(), NOW, { token: along })
    expect(await store.tokens.find(next.hash, next.purpose, NOW)).toBeNull()
    expect(await store.tokens.find(along.hash, along.purpose, NOW)).toStrictEqual(along)
  })

  test('decoys for one address replace each other, so that asking often fills nothing', () =>
    withEmpty(open, async store => {
      for (let n = 0; n < 5; n += 1) await store.tokens.issue(makeToken(null))
      await store.tokens.issue(makeToken(null, { address: 'other@example.org' }))
      expect(await store.tokens.sweep(NOW + DAY, 100)).toBe(2)
    }))

  test('wrong tries are counted, and the last one allowed deletes the token', async () => {
    const { store } = the
    const user = await insertUser(store)
    const token = makeToken(user.id, { purpose: 'pending-login' })
    await store.tokens.issue(token)
    for (let tries = 1; tries < 5; tries += 1) {
      await store.tokens.miss(token.hash, token.purpose, 5)
      expect(await store.tokens.find(token.hash, token.purpose, NOW)).toStrictEqual({ ...token, tries })
    }
    await store.tokens.miss(token.hash, token.purpose, 5)
    expect(await store.tokens.find(token.hash, token.purpose, NOW)).toBeNull()
    expect(await store.tokens.consume(token.hash, token.purpose, NOW)).toBeNull()
  })

  test("dropping takes a user's tokens of the purposes named, and no others", async () => {
    const { store } = the
    const [user, other] = [await insertUser(store), await insertUser(store)]
    const dropped = [makeToken(user.id), makeToken(user.id, { address: 'b@example.org' }), makeToken(user.id, { purpose: 'pending-login' })]
    const kept = [makeToken(user.id, { purpose: 'verify-email' }), makeToken(other.id), makeToken(null, { address: newId() })]
    for (const token of [...dropped, ...kept]) await store.tokens.issue(token)
    await store.tokens.drop(user.id, [])
    expect(await store.tokens.find(dropped[0]?.hash ?? newHash(), 'reset-password', NOW)).not.toBeNull()
    await store.tokens.drop(user.id, ['reset-password', 'pending-login'])
    for (const token of dropped) expect(await store.tokens.find(token.hash, token.purpose, NOW)).toBeNull()
    for (const token of kept) expect(await store.tokens.find(token.hash, token.purpose, NOW)).not.toBeNull()
  })

  test('dropping what is older than a moment leaves what was issued then or later', async () => {
    const { store } = the
    const user = await insertUser(store)
    const [before, then, after] = [-1, 0, 1].map(at => makeToken(user.id, { address: `${at}@example.org`, createdAt: NOW + at }))
    for (const token of [before, then, after]) if (token) await store.tokens.issue(token)
    await store.tokens.drop(user.id, ['reset-password'], NOW)
    expect(await store.tokens.find(before?.hash ?? newHash(), 'reset-password', NOW)).toBeNull()
    for (const token of [then, after]) expect(await store.tokens.find(token?.hash ?? newHash(), 'reset-password', NOW)).not.toBeNull()
  })

  test('the sweep deletes expired tokens, a few at a time', () =>
    withEmpty(open, async store => {
      const user = await insertUser(store)
      for (let n = 0; n < 5; n += 1) await store.tokens.issue(makeToken(user.id, { address: `${n}@example.org`, expiresAt: NOW + HOUR }))
      const live = makeToken(user.id, { expiresAt: NOW + HOUR + 1 })
      await store.tokens.issue(live)
      expect(await store.tokens.sweep(NOW + HOUR - 1, 100)).toBe(0)
      expect(await store.tokens.sweep(NOW + HOUR, 3)).toBe(3)
      expect(await store.tokens.sweep(NOW + HOUR, 3)).toBe(2)
      expect(await store.tokens.sweep(NOW + HOUR, 3)).toBe(0)
      expect(await store.tokens.find(live.hash, live.purpose, NOW + HOUR)).not.toBeNull()
    }))
}
