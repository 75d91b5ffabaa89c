/** What holds for one server holds for two on one database: races, counts, locks, and clocks that disagree. */
import type { AccountsServerOptions } from '@latchkey/server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { hasPostgres } from '../tools/test/postgres.ts'
import { post } from './support/call.ts'
import { twoInstances } from './support/instances.ts'
import type { TwoInstances } from './support/instances.ts'
import { ADA, PASSWORD, payload, signIn, tokensOf, UNLIMITED, who } from './support/visitor.ts'

describe.skipIf(!hasPostgres)('two instances on one PostgreSQL', () => {
  it('hand one successor to twenty uses of one refresh token, and log nobody out', async () => {
    const { one, other } = await both(UNLIMITED)
    await post(one.url, 'password/register', { user: { email: ADA, password: PASSWORD } })
    const tokens = await signIn(one.url)
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => post((n % 2 ? one : other).url, 'refreshTokens', tokens)))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(new Set(answers.map(({ body }) => payload(tokensOf(body).refreshToken).rt)).size).toBe(1)
    const next = tokensOf((await post(other.url, 'refreshTokens', tokensOf(answers[3]?.body ?? null))).body)
    for (const { url } of [one, other]) expect(await who(url, next.accessToken)).toBe(ADA)
  })

  it('make one user of twenty sign-ups with one address at once', async () => {
    const { one, other } = await both({ ...UNLIMITED, ambiguousErrorMessages: false })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        post((n % 2 ? one : other).url, 'password/register', { user: { email: n % 3 ? ADA : 'ADA@Example.org', password: PASSWORD } }),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await one.accounts.accounts.listUsers({})).toHaveLength(1)
  })

  it('count tries together: who is refused by the one gets no fresh tries from the other', async () => {
    const { one, other } = await both({ lockout: { free: 1000 }, ...AT_ONCE })
    await one.accounts.accounts.createUser({ email: ADA, password: PASSWORD })
    const statuses: number[] = []
    for (let n = 0; n < 20; n += 1) {
      const { status } = await post((n % 2 ? one : other).url, 'password/authenticate', { user: ADA, password: 'a guess' })
      statuses.push(status)
    }
    expect(statuses).toEqual([...Array<number>(15).fill(400), ...Array<number>(5).fill(429)])
  })

  it('lock together, for a known account and for one that nobody has', async () => {
    const { one, other } = await both(AT_ONCE)
    await one.accounts.accounts.createUser({ email: ADA, password: PASSWORD })
    for (const user of [ADA, 'nobody@example.org']) {
      for (let n = 0; n < 6; n += 1) await post((n % 2 ? one : other).url, 'password/authenticate', { user, password: 'a guess' })
      for (const { url } of [one, other])
        expect([user, (await post(url, 'password/authenticate', { user, password: PASSWORD })).status]).toEqual([user, 429])
    }
  })

  it('agree on a session though their clocks are two minutes apart, and neither lets it live longer than the other', async () => {
    let now = Date.parse('2026-01-01')
    const clockAt = (skew: number): Partial<AccountsServerOptions> => ({
      ...UNLIMITED,
      session: { idle: '1h', absolute: '3h' },
      ports: { clock: { now: () => now + skew } },
    })
    const { one: ahead, other: behind } = await both(clockAt(120_000), clockAt(0))
    await ahead.accounts.accounts.createUser({ email: ADA, password: PASSWORD })
    for (const home of [ahead, behind]) {
      let tokens = await signIn(home.url)
      for (const { url } of [ahead, behind]) expect(await who(url, tokens.accessToken)).toBe(ADA)
      // Used all the time, it ends with its absolute life on both, give or take the two minutes.
      for (let minutes = 0; minutes < 176; minutes += 44) {
        now += 44 * 60_000
        tokens = tokensOf((await post((minutes % 88 ? ahead : behind).url, 'refreshTokens', tokens)).body)
      }
      now += 8 * 60_000
      for (const { url } of [ahead, behind]) {
        expect(await who(url, tokens.accessToken)).toBeNull()
        expect((await post(url, 'refreshTokens', tokens)).status).toBe(400)
      }
      // Left alone, it ends with its idle time.
      const idle = await signIn(home.url)
      now += 63 * 60_000
      for (const { url } of [ahead, behind]) expect((await post(url, 'refreshTokens', idle)).status).toBe(400)
    }
  })
})

/** However long it takes, it is within one window of the limits and locks. */
const AT_ONCE: Partial<AccountsServerOptions> = { ports: { clock: { now: () => Date.parse('2026-01-01') } } }

async function both(options: Partial<AccountsServerOptions> = {}, others = options): Promise<TwoInstances> {
  const instances = await twoInstances(options, others)
  onTestFinished(() => instances.close())
  return instances
}
