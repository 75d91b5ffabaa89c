import { expect, test } from 'vitest'
import type { Store } from '../../core/store.ts'
import {
  addressOf,
  emailKeyOf,
  HOUR,
  insertUser,
  makeCredential,
  makeEvent,
  makeMail,
  makeRotation,
  makeToken,
  makeUser,
  MINUTE,
  newHash,
  newId,
  newPassword,
  NOW,
  openSession,
  withEmpty,
} from './make.ts'
import type { Setup } from './make.ts'

/** How many race each other. */
const RACERS = 20

/** Callers that do the same deed at once, on both instances in turn. */
export function racesContract({ the, open }: Setup): void {
  const race = <T>(deed: (store: Store, index: number) => Promise<T>, racers = RACERS): Promise<T[]> =>
    Promise.all(Array.from({ length: racers }, (_, index) => deed(index % 2 === 0 ? the.store : the.second, index)))
  const times = (outcomes: unknown[], wanted: unknown): number => outcomes.filter(outcome => outcome === wanted).length

  test('of equal sign-ups exactly one inserts, and the others leave nothing behind', () =>
    withEmpty(open, async (store, second) => {
      const email = { kind: 'email' as const, key: `${newId().toLowerCase()}@example.org` }
      const all = Array.from({ length: RACERS }, () => {
        const made = makeUser({ emails: [{ address: email.key, verified: false }], password: newPassword() })
        const { id } = made.user
        return { made, along: { audit: [makeEvent(id)], mail: [makeMail(id)], token: makeToken(id, { address: email.key }) } }
      })
      const outcomes = await Promise.all(all.map(({ made, along }, index) => (index % 2 === 0 ? store : second).users.insert(made, along)))

      expect(outcomes.filter(outcome => outcome.inserted)).toHaveLength(1)
      expect(outcomes.filter(outcome => !outcome.inserted)).toEqual(
        Array.from({ length: RACERS - 1 }, () => ({ inserted: false, taken: 'email' })),
      )
      expect(await store.users.count()).toBe(1)
      expect(await store.outbox.size()).toBe(1)
      const winner = await store.users.find(email)
      for (const { made, along } of all) {
        const won = made.user.id === winner?.id
        expect(await store.users.find({ kind: 'id', key: made.user.id })).toStrictEqual(won ? made.user : null)
        expect(await store.users.credentials(made.user.id)).toHaveLength(won ? 1 : 0)
        expect(await store.audit.list({ userId: made.user.id, limit: 10 })).toHaveLength(won ? 1 : 0)
        expect((await store.tokens.find(along.token.hash, along.token.purpose, NOW)) !== null).toBe(won)
        // The username a loser claimed is free.
        const heir = makeUser({ identifiers: made.identifiers.filter(identifier => identifier.kind === 'username') })
        expect((await store.users.insert(heir)).inserted).toBe(!won)
      }
    }))

  test('of sign-ups that claim each other’s names crosswise one or the other inserts, and none waits for ever', async () => {
    const { store } = the
    for (let round = 0; round < RACERS; round += 1) {
      const [a, b] = [
        { kind: 'email' as const, key: `${newId()}@example.org` },
        { kind: 'username' as const, key: newId() },
      ]
      const outcomes = await race((on, index) => on.users.insert(makeUser({ identifiers: index === 0 ? [a, b] : [b, a] })), 2)
      expect(outcomes.filter(outcome => outcome.inserted)).toHaveLength(1)
      expect((await store.users.find(a))?.id).toBe((await store.users.find(b))?.id)
    }
  })

  test('of the consumers of a token exactly one receives it', async () => {
    const { store } = the
    const user = await insertUser(store)
    const token = makeToken(user.id)
    await store.tokens.issue(token)
    const events = Array.from({ length: RACERS }, () => makeEvent(user.id))
    const outcomes = await race((on, index) => on.tokens.consume(token.hash, token.purpose, NOW, { audit: events.slice(index, index + 1) }))
    expect(outcomes.filter(outcome => outcome !== null)).toStrictEqual([token])
    expect(await store.audit.list({ userId: user.id, limit: 100 })).toHaveLength(1)
  })

  test('of the redeemers of a verification link exactly one verifies', async () => {
    const { store } = the
    const user = await insertUser(store)
    const token = makeToken(user.id, { purpose: 'verify-email', address: addressOf(user) })
    await store.tokens.issue(token)
    const outcomes = (await race(on => on.users.verifyEmail(token.hash, NOW))).map(({ outcome }) => outcome)
    expect([times(outcomes, 'verified'), times(outcomes, 'expired')]).toEqual([1, RACERS - 1])
  })

  test('of the redeemers of a reset link exactly one changes the password', async () => {
    const { store } = the
    const user = await insertUser(store)
    const token = makeToken(user.id)
    await store.tokens.issue(token)
    const consume = { hash: token.hash, purpose: token.purpose }
    const outcomes = await race(on =>
      on.users.changePassword({ userId: user.id, password: newPassword(), now: NOW, consume, endSessionsExcept: null }),
    )
    expect([times(outcomes, 'changed'), times(outcomes, 'gone')]).toEqual([1, RACERS - 1])
    expect((await store.users.find({ kind: 'id', key: user.id }))?.epoch).toBe(1)
  })

  test('of tokens issued at once for one purpose, user and address one is left', () =>
    withEmpty(open, async (store, second) => {
      const user = await insertUser(store)
      const tokens = Array.from({ length: RACERS }, () => makeToken(user.id))
      await Promise.all(tokens.map((token, index) => (index % 2 === 0 ? store : second).tokens.issue(token)))
      expect(await store.tokens.sweep(NOW + HOUR, 100)).toBe(1)
    }))

  test('wrong tries at once are each counted', async () => {
    const { store } = the
    const user = await insertUser(store)
    const token = makeToken(user.id)
    await store.tokens.issue(token)
    await race(on => on.tokens.miss(token.hash, token.purpose, 2 * RACERS))
    expect((await store.tokens.find(token.hash, token.purpose, NOW))?.tries).toBe(RACERS)
    await race(on => on.tokens.miss(token.hash, token.purpose, 2 * RACERS))
    expect(await store.tokens.find(token.hash, token.purpose, NOW)).toBeNull()
  })

  test('all who refresh with one secret at once get the same successor, and nobody is logged out', async () => {
    const { store } = the
    const user = await insertUser(store)
    const tip = newHash()
    const { id } = await openSession(store, user.id, { refresh: { tip, spent: [] } })
    const outcomes = await race(on => on.sessions.rotate(makeRotation(id, tip, { handle: newId() })))
    const kinds = outcomes.map(({ outcome }) => outcome)
    expect([times(kinds, 'rotated'), times(kinds, 'repeated')]).toEqual([1, RACERS - 1])

    const kept = (await store.sessions.find(id))?.session
    expect(kept).toMatchObject({ generation: 1 })
    expect(kept?.endedAt).toBeUndefined()
    for (const outcome of outcomes) expect(outcome).toMatchObject({ found: { session: { handle: kept?.handle, generation: 1 } } })
    expect((await store.sessions.rotate(makeRotation(id, newHash(`after ${tip}`)))).outcome).toBe('rotated')
  })

  test('of the callers that end a session exactly one did', async () => {
    const { store } = the
    const user = await insertUser(store)
    const { id } = await openSession(store, user.id)
    expect(times(await race(on => on.sessions.end(id, 'logout', NOW)), true)).toBe(1)
  })

  test('every epoch raised at once counts', async () => {
    const { store } = the
    const user = await insertUser(store)
    await race(on => on.sessions.endAll(user.id, 'revoked', NOW))
    expect((await store.users.find({ kind: 'id', key: user.id }))?.epoch).toBe(RACERS)
  })

  test('of users who add one address at once exactly one gets it', async () => {
    const { store } = the
    const users = await Promise.all(Array.from({ length: RACERS }, () => insertUser(store)))
    const address = `${newId().toLowerCase()}@example.org`
    const outcomes = await race((on, index) => on.users.addEmail(users[index]?.id ?? '', { address, verified: false }, address, NOW))
    expect([times(outcomes, 'added'), times(outcomes, 'taken')]).toEqual([1, RACERS - 1])
    const owner = await store.users.find({ kind: 'email', key: address })
    expect(owner?.id).toBe(users[outcomes.indexOf('added')]?.id)
    for (const { id, emails } of users) {
      expect((await store.users.find({ kind: 'id', key: id }))?.emails).toHaveLength(emails.length + (id === owner?.id ? 1 : 0))
    }
  })

  test('of users who take one username at once exactly one gets it', async () => {
    const { store } = the
    const users = await Promise.all(Array.from({ length: RACERS }, () => insertUser(store)))
    const key = newId().toLowerCase()
    const outcomes = await race((on, index) => on.users.setUsername(users[index]?.id ?? '', key, key, NOW))
    expect([times(outcomes, 'set'), times(outcomes, 'taken')]).toEqual([1, RACERS - 1])
  })

  test('addresses that one user adds at once are all kept', async () => {
    const { store } = the
    const user = await insertUser(store)
    const added = Array.from({ length: RACERS }, () => `${newId().toLowerCase()}@example.org`)
    await race((on, index) => on.users.addEmail(user.id, { address: added[index] ?? '', verified: false }, added[index] ?? '', NOW))
    const kept = (await store.users.find({ kind: 'id', key: user.id }))?.emails.map(email => email.address)
    expect(kept?.[0]).toBe(addressOf(user))
    expect(kept?.slice(1).toSorted()).toEqual(added.toSorted())
  })

  test('of two addresses removed at once the last one stays', async () => {
    const { store } = the
    const addresses = [`a-${newId().toLowerCase()}@example.org`, `b-${newId().toLowerCase()}@example.org`]
    const { username: _, ...user } = { ...makeUser().user, emails: addresses.map(address => ({ address, verified: true })) }
    await store.users.insert({ user, credentials: [], identifiers: addresses.map(key => ({ kind: 'email', key })) })
    const outcomes = await race((on, index) => on.users.removeEmail(user.id, addresses[index] ?? '', NOW), 2)
    expect(outcomes.toSorted()).toEqual(['last', 'removed'])
    expect((await store.users.find({ kind: 'id', key: user.id }))?.emails).toHaveLength(1)
  })

  test('of two changes that expect the same password one is stale', async () => {
    const { store } = the
    for (const expected of [newPassword(), null]) {
      const user = await insertUser(store, expected ? { password: expected } : {})
      const next = [newPassword(), newPassword()]
      const outcomes = await race(
        (on, index) => on.users.changePassword({ userId: user.id, password: next[index] ?? newPassword(), now: NOW, expected }),
        2,
      )
      expect(outcomes.toSorted()).toEqual(['changed', 'stale'])
      const kept = await store.users.credentials(user.id)
      expect(kept.map(credential => credential.secret)).toEqual([next[outcomes.indexOf('changed')]?.hash])
    }
  })

  test('attempts at once are each counted once', async () => {
    const { store } = the
    const numbers = Array.from({ length: RACERS }, (_, index) => index + 1)
    const ascending = (counts: (number | undefined)[]): (number | undefined)[] => counts.toSorted((a, b) => (a ?? 0) - (b ?? 0))
    // Two keys, in both orders: whoever locks rows as they come would wait for ever.
    const counts = [
      { key: newId(), window: MINUTE },
      { key: newId(), window: MINUTE },
    ]
    const counted = await race((on, index) => on.attempts.count(index % 3 === 0 ? counts.toReversed() : counts, NOW))
    for (const { key } of counts) {
      expect(ascending(counted.map(tallies => tallies.find(tally => tally.key === key)?.count))).toEqual(numbers)
    }

    const lookup = { identifier: null, failureKey: null, device: '', now: NOW }
    const begun = await race((on, index) => on.users.beginLogin({ ...lookup, counts: index % 3 === 0 ? counts.toReversed() : counts }))
    for (const { key } of counts) {
      expect(ascending(begun.map(({ tallies }) => tallies.find(tally => tally.key === key)?.count))).toEqual(numbers.map(n => n + RACERS))
    }

    const keys = [newId(), newId()]
    const failed = await race((on, index) => on.attempts.fail(index % 3 === 0 ? keys.toReversed() : keys, NOW, HOUR))
    expect(ascending(failed.map(([first]) => first?.count))).toHaveLength(RACERS)
    expect(await store.attempts.failures(keys, NOW)).toEqual(keys.map(() => ({ count: RACERS, lastAt: NOW })))
  })

  test('no mail is handed to two workers', () =>
    withEmpty(open, async (store, second) => {
      const ids = Array.from({ length: 60 }, newId)
      await store.outbox.add(ids.map(id => makeMail(null, { id })))
      const work = async (on: Store): Promise<string[]> => {
        const got: string[] = []
        for (let batch = await on.outbox.claim(NOW, 3, MINUTE); batch.length > 0; batch = await on.outbox.claim(NOW, 3, MINUTE))
          got.push(...batch.map(mail => mail.id))
        return got
      }
      const handed = (await Promise.all([work(store), work(second), work(store), work(second)])).flat()
      expect(new Set(handed).size).toBe(handed.length)
      // A worker may meet mails another is just taking and stop early; what is left is handed out next time.
      handed.push(...(await work(store)))
      expect(handed.toSorted()).toEqual(ids.toSorted())
    }))

  test('a user who is removed while others write to them leaves nothing behind', async () => {
    const { store, second } = the
    for (let round = 0; round < RACERS; round += 1) {
      const user = await insertUser(store, { password: newPassword() })
      const address = `${newId().toLowerCase()}@example.org`
      const deeds = [
        () => second.users.addEmail(user.id, { address, verified: false }, address, NOW),
        () => second.users.putCredential(makeCredential(user.id)),
        () => store.users.changePassword({ userId: user.id, password: newPassword(), now: NOW }),
        () => second.users.setUsername(user.id, address, address, NOW),
      ]
      deeds.splice(round % deeds.length, 0, async () => void (await store.users.remove(user.id, NOW)))
      await Promise.all(deeds.map(deed => deed()))

      expect(await store.users.find({ kind: 'id', key: user.id })).toBeNull()
      expect(await store.users.credentials(user.id)).toEqual([])
      for (const identifier of [
        { kind: 'email' as const, key: address },
        { kind: 'username' as const, key: address },
        { kind: 'email' as const, key: emailKeyOf(user) },
      ]) {
        expect(await store.users.insert(makeUser({ identifiers: [identifier] }))).toEqual({ inserted: true })
      }
    }
  })
}
