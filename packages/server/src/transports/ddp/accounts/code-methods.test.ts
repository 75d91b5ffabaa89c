import { describe, expect, it } from 'vitest'
import { AccountsCode } from '../../../strategies/code/index.ts'
import { AccountsPassword } from '../../../strategies/password/index.ts'
import { ddpAccounts, refusalOf, resultOf } from '../../../testing/ddp-accounts.ts'

type At = Awaited<ReturnType<typeof ddpAccounts>>

const EVE = { email: 'Eve@example.org' }
const ADA = { email: 'ada@example.org' }

describe('codes to sign in over DDP', () => {
  it('sign up and in, verify the address, and work once', async () => {
    await using at = await open()
    const client = at.connect()
    expect(
      resultOf(await client.call('1', 'requestLoginTokenForUser', { selector: EVE, userData: EVE, options: { extra: { x: 1 } } })),
    ).toEqual({
      selector: EVE,
      userData: EVE,
      isNewUser: true,
    })
    const token = await codeFor(at)
    expect(token).toMatch(/^[0-9A-F]{6}$/)
    expect(refusalOf(await client.call('2', 'login', { selector: EVE, token: 'ZZZZZZ' }))).toEqual([403, 'Email or token mismatch'])
    expect(resultOf(await client.call('3', 'login', { selector: EVE, token }))).toMatchObject({ type: 'passwordless' })
    expect(client.all('added')).toMatchObject([{ fields: { emails: [{ address: 'Eve@example.org', verified: true }] } }])
    expect(refusalOf(await at.connect().call('1', 'login', { selector: EVE, token }))).toEqual([403, 'User has no token set'])
    expect(resultOf(await client.call('4', 'requestLoginTokenForUser', { selector: EVE, options: {} }))).toEqual({
      selector: EVE,
      isNewUser: false,
    })
  })

  it('are refused as expired once their time is over', async () => {
    await using at = await open()
    await at.world.createUser('ada')
    const client = at.connect()
    await client.call('1', 'requestLoginTokenForUser', { selector: ADA })
    const token = await codeFor(at)
    at.world.clock.pass(61 * 60_000)
    expect(refusalOf(await client.call('2', 'login', { selector: ADA, token }))).toEqual([403, 'Expired token'])
  })

  it('are refused with another address than their own, and with other characters', async () => {
    await using at = await open()
    const { id } = await at.world.createUser('ada')
    await at.world.server.accounts.addEmailOf(id, 'second@example.org', true)
    const client = at.connect()
    await client.call('1', 'requestLoginTokenForUser', { selector: { username: 'ada' } })
    const token = await codeFor(at, 'second@example.org')
    expect(refusalOf(await client.call('2', 'login', { selector: ADA, token }))).toEqual([403, 'Email or token mismatch'])
    expect(refusalOf(await client.call('3', 'login', { selector: ADA, token: 'ZZZZZZ' }))).toEqual([403, 'Email or token mismatch'])
    expect(refusalOf(await client.call('4', 'login', { selector: { id }, token: 'ZZZZZZ' }))).toEqual([403, 'Token mismatch'])
    expect(resultOf(await client.call('5', 'login', { selector: { email: 'second@example.org' }, token })).id).toBe(id)
  })

  it('come in a mail whose link carries the code and the address, encoded', async () => {
    await using at = await open()
    const plus = { email: 'eve+news@example.org' }
    await at.connect().call('1', 'requestLoginTokenForUser', { selector: plus, userData: plus })
    const text = (await at.world.delivered()).at(-1)?.text ?? ''
    expect(text).toMatch(/\/\?loginToken=[0-9A-F]{6}&selector=eve%2Bnews%40example\.org/)
  })

  it('say nothing about who has an account while messages are ambiguous', async () => {
    await using at = await open({ ambiguousErrorMessages: true })
    await at.world.createUser('ada')
    const client = at.connect()
    const ask = async (id: string, email: string): Promise<object> =>
      resultOf(await client.call(id, 'requestLoginTokenForUser', { selector: { email }, options: { userCreationDisabled: true } }))
    expect(await ask('1', 'ada@example.org')).toEqual({ selector: { email: 'ada@example.org' } })
    expect(await ask('2', 'eve@example.org')).toEqual({ selector: { email: 'eve@example.org' } })
    expect(await at.world.delivered()).toHaveLength(1)
  })

  it('are unknown where no service mails them, whatever is asked, until one does: it says what is missing over the methods of our own', async () => {
    const password = new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } })
    await using at = await ddpAccounts({ services: { password } })
    const client = at.connect()
    for (const given of [{ selector: EVE }, { selector: EVE, userData: EVE }, undefined])
      expect(refusalOf(await client.call(`${Math.random()}`, 'requestLoginTokenForUser', given))).toEqual([
        404,
        "Method 'requestLoginTokenForUser' not found",
      ])
    expect(refusalOf(await client.call('1', 'latchkey.requestLoginCode', EVE))).toEqual([
      400,
      'No service with the name code was registered.',
    ])
    at.world.server.accounts.addStrategy('code', new AccountsCode())
    expect(resultOf(await client.call('2', 'requestLoginTokenForUser', { selector: EVE, userData: EVE }))).toMatchObject({ selector: EVE })
  })

  it('are asked for with a request that has its shape', async () => {
    await using at = await open()
    const client = at.connect()
    for (const given of [
      undefined,
      'x',
      {},
      { selector: {} },
      { selector: { email: EVE.email, username: 'eve' } },
      { selector: { email: { $gt: '' } } },
      { selector: EVE, options: 5 },
      { selector: EVE, userData: 'x' },
      { selector: EVE, more: 1 },
    ])
      expect([given, refusalOf(await client.call(`${Math.random()}`, 'requestLoginTokenForUser', given))]).toEqual([
        given,
        [400, 'Match failed'],
      ])
    expect(refusalOf(await client.call('9', 'requestLoginTokenForUser', { selector: EVE }))).toEqual([
      400,
      'Need to set a username or email',
    ])
  })
})

const open = (options: object = {}): Promise<At> =>
  ddpAccounts({
    options: { face: 'meteor', ambiguousErrorMessages: false, ...options },
    services: { password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } }), code: new AccountsCode() },
  })

/** The code in the newest mail, or in the newest one to an address. */
async function codeFor({ world }: At, address?: string): Promise<string> {
  const mail = (await world.delivered()).findLast(({ to }) => address === undefined || to === address)
  return /code to sign in: (\w+)/.exec(mail?.text ?? '')?.[1] ?? ''
}
