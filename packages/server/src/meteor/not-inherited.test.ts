/** What Meteor's accounts are known to get wrong, as a client of a server with that face sees that it is otherwise here. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Mail } from '../core/ports.ts'
import { hashSecret } from '../core/session/secret.ts'
import { refusalOf, resultOf } from '../testing/ddp-accounts.ts'
import type { WireClient } from '../testing/ddp-wire.ts'
import { PASSWORD } from '../testing/index.ts'
import { meteorWorld } from '../testing/meteor.ts'
import type { MeteorWorld } from '../testing/meteor.ts'
import { codeOf, STEP } from '../testing/two-factor.ts'

const DAY = 86_400_000
const digest = (password: string): object => ({ digest: createHash('sha256').update(password).digest('hex'), algorithm: 'sha-256' })

/** Meteor's rule of five calls on a connection is out of the way: what is left holds over any number of them. */
function worldWithMail(options: Parameters<typeof meteorWorld>[0] = {}): { world: MeteorWorld; mails: Mail[] } {
  const mails: Mail[] = []
  const world = meteorWorld({ sendMail: async mail => void mails.push(mail), ...options })
  world.accounts.removeDefaultRateLimit()
  return { world, mails }
}

/** Calls on a new connection each time, until something else than the first refusal comes back; how often, and what. */
async function untilOther(
  world: MeteorWorld,
  method: string,
  params: (turn: number) => unknown[],
): Promise<{ calls: number; error: unknown }> {
  let first: unknown
  for (let calls = 1; calls <= 100; calls++) {
    // One after another, as a guesser who waits for each answer.
    const answer = await world.connect().call('1', method, ...params(calls))
    const [error] = 'error' in answer ? refusalOf(answer) : [null]
    first ??= error ?? 'answered'
    if (error !== null && error !== first) return { calls, error }
  }
  return { calls: 100, error: 'none' }
}

async function withAuthenticator(world: MeteorWorld, client: WireClient): Promise<(steps?: number) => string> {
  const { secret: base32 } = resultOf<{ secret: string }>(await client.call('qr', 'generate2faActivationQrCode', 'App'))
  await client.call('on', 'enableUser2fa', codeOf({ base32 }, world.clock))
  return steps => codeOf({ base32 }, world.clock, steps)
}

describe('guessing', () => {
  it('passwords of one account comes to an end, over however many connections', async () => {
    await using world = worldWithMail().world
    await world.createUser()
    const guess = (turn: number): unknown[] => [{ user: { username: 'ada' }, password: digest(`guess ${turn}`) }]
    expect((await untilOther(world, 'login', guess)).error).toBe('too-many-requests')
  })

  it('codes of an authenticator app comes to an end, over however many connections', async () => {
    await using world = worldWithMail().world
    await world.createUser()
    const client = world.connect()
    await world.login(client)
    await withAuthenticator(world, client)
    const guess = (turn: number): unknown[] => [{ user: { username: 'ada' }, password: PASSWORD, code: String(turn).padStart(6, '0') }]
    expect((await untilOther(world, 'login', guess)).error).toBe('too-many-requests')
  })

  it('mailed codes comes to an end with the code, after five tries', async () => {
    const { world, mails } = worldWithMail({ ambiguousErrorMessages: false })
    await using _ = world
    await world.createUser()
    const selector = { email: 'ada@example.org' }
    await world.connect().call('ask', 'requestLoginTokenForUser', { selector })
    await expect.poll(() => mails.length).toBe(1)
    const token = /^[0-9A-F]{6}/.exec(mails[0]?.subject ?? '')?.[0] ?? ''
    const wrong = token === '000000' ? '111111' : '000000'
    for (let turn = 1; turn <= 5; turn++) await world.connect().call('1', 'login', { selector, token: wrong })
    expect(await world.connect().call('1', 'login', { selector, token })).toHaveProperty('error')
  })
})

describe('a code of an authenticator app', () => {
  it('is good for half a minute either way, and once', async () => {
    await using world = meteorWorld()
    await world.createUser()
    const client = world.connect()
    await world.login(client)
    const code = await withAuthenticator(world, client)
    const login = async (given: string): Promise<unknown> =>
      (await world.connect().call('1', 'login', { user: { username: 'ada' }, password: PASSWORD, code: given }))['error']
    world.clock.pass(10 * STEP)
    expect(await login(code(-2))).toMatchObject({ error: 'invalid-2fa-code' })
    expect(await login(code(2))).toMatchObject({ error: 'invalid-2fa-code' })
    const now = code()
    expect(await login(now)).toBeUndefined()
    expect(await login(now)).toMatchObject({ error: 'invalid-2fa-code' })
  })

  it('is asked for after a mailed code too, by whatever name the user asked for it', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const client = world.connect()
    await world.login(client)
    await withAuthenticator(world, client)
    const codes: string[] = []
    world.accounts.onCreateLoginToken(({ token }) => void codes.push(token))
    for (const [turn, selector] of [{ username: 'ada' }, { id }].entries()) {
      await world.connect().call('ask', 'requestLoginTokenForUser', { selector })
      await expect.poll(() => codes.length).toBe(turn + 1)
      const answer = await world.connect().call('in', 'login', { selector, token: codes.at(-1) })
      expect(refusalOf(answer)[0]).toBe('no-2fa-code')
    }
  })
})

describe('mail', () => {
  it('to one address cannot be asked for without end, over however many connections', async () => {
    const { world, mails } = worldWithMail()
    await using _ = world
    await world.createUser()
    const { calls, error } = await untilOther(world, 'forgotPassword', () => [{ email: 'ada@example.org' }])
    expect(error).toBe('too-many-requests')
    await expect.poll(() => mails.length).toBe(calls - 1)
  })

  it('to verify an address has a link that ends after three days, and only the newest is good', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const older = await world.accounts.generateVerificationToken(id)
    const newer = await world.accounts.generateVerificationToken(id)
    const verify = (token: string): ReturnType<WireClient['call']> => world.connect().call('1', 'verifyEmail', token)
    expect(refusalOf(await verify(older.token))[1]).toBe('Verify email link expired')
    world.clock.pass(3 * DAY)
    expect(refusalOf(await verify(newer.token))[1]).toBe('Verify email link expired')
  })
})

describe('sessions', () => {
  it('say when and where they began, and can be ended one by one', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const client = world.connect()
    await world.login(client)
    const [session] = await world.accounts.accounts.userSessions(id)
    expect(session).toMatchObject({ ip: '127.0.0.1', createdAt: new Date(world.clock.now()).toISOString() })
    await world.accounts.accounts.revoke({ sessionId: session?.id ?? '' })
    await expect.poll(() => client.isClosed).toBe(true)
  })

  it('that never end do not keep links that are over', async () => {
    await using world = meteorWorld({ loginExpirationInDays: null })
    const { accounts, core } = { accounts: world.accounts, core: world.accounts.accounts.core }
    const { token } = await accounts.generateResetToken(await world.createUser())
    const isKept = async (): Promise<boolean> => (await core.store.tokens.find(hashSecret(token), 'reset-password', 0)) !== null
    expect(await isKept()).toBe(true)
    world.clock.pass(60 * DAY)
    await accounts._expirePasswordResetTokens()
    expect(await isKept()).toBe(false)
  })

  it('are all ended by a reset, but for the one that it opens, also when two links are followed at once', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const before = await world.login(world.connect())
    const { token } = await world.accounts.generateResetToken(id)
    const follow = (): ReturnType<WireClient['call']> => world.connect().call('1', 'resetPassword', token, 'another secret of mine')
    const opened = (await Promise.all([follow(), follow()])).filter(answer => !('error' in answer))
    expect(opened).toHaveLength(1)
    const resume = (given: string): ReturnType<WireClient['call']> => world.connect().call('1', 'login', { resume: given })
    expect(refusalOf(await resume(before.token))[0]).toBe(403)
    expect(resultOf(await resume(resultOf(opened[0] ?? { msg: '' }).token)).id).toBe(id)
  })
})

it('a digest is no key to an account where the app lets none in', async () => {
  await using world = meteorWorld({ password: { acceptDigests: false } })
  await world.createUser()
  const login = (password: unknown): ReturnType<WireClient['call']> =>
    world.connect().call('1', 'login', { user: { username: 'ada' }, password })
  expect(refusalOf(await login(digest(PASSWORD)))).toEqual([400, 'Match failed'])
  expect(resultOf(await login(PASSWORD)).type).toBe('password')
})
