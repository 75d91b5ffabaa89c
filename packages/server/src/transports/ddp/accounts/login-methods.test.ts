import { describe, expect, it } from 'vitest'
import { AccountsMagicLink } from '../../../strategies/magic-link/index.ts'
import { AccountsPassword } from '../../../strategies/password/index.ts'
import { ddpAccounts, refusalOf, resultOf } from '../../../testing/ddp-accounts.ts'
import { PASSWORD } from '../../../testing/index.ts'

const GENERIC = 'Something went wrong. Please check your credentials.'

describe('signing in over DDP', () => {
  it('publishes the user, says that all is visible, and answers with a login token', async () => {
    await using at = await ddpAccounts()
    const { id } = await at.world.createUser('ada')
    const client = at.connect()
    const result = resultOf(await client.call('1', 'login', { user: { username: 'ada' }, password: PASSWORD }))
    expect(Object.keys(result)).toEqual(['id', 'token', 'tokenExpires', 'type'])
    expect(result).toMatchObject({ id, type: 'password', tokenExpires: { $date: at.world.clock.now() + 90 * 86_400_000 } })
    expect(result.token).toMatch(/^[\w-]{43}$/)
    expect(client.arrived.map(({ msg }) => msg)).toEqual(['connected', 'added', 'updated', 'result'])
    expect(client.all('added')).toEqual([
      { msg: 'added', collection: 'users', id, fields: { username: 'ada', emails: [{ address: 'ada@example.org', verified: false }] } },
    ])
  })

  it('goes on with the token, and hands the same one back to a second connection', async () => {
    await using at = await ddpAccounts()
    const { token, id } = await at.signedIn()
    const second = at.connect()
    const resumed = resultOf(await second.call('1', 'login', { resume: token }))
    expect(resumed).toMatchObject({ id, token, type: 'resume' })
  })

  it('takes no hash of a token for the token', async () => {
    await using at = await ddpAccounts()
    const { client, token } = await at.signedIn()
    const hash = (await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))) satisfies ArrayBuffer
    for (const stolen of [Buffer.from(hash).toString('base64'), Buffer.from(hash).toString('base64url')])
      expect(refusalOf(await client.call(stolen, 'login', { resume: stolen }))).toEqual([
        403,
        "You've been logged out by the server. Please log in again.",
      ])
  })

  it('says of a token whose time is over that the session has expired', async () => {
    await using at = await ddpAccounts({ options: { face: 'meteor', session: { idle: null, absolute: '1h' } } })
    const { token } = await at.signedIn()
    at.world.clock.pass(3_600_000)
    expect(refusalOf(await at.connect().call('1', 'login', { resume: token }))).toEqual([
      403,
      'Your session has expired. Please log in again.',
    ])
  })

  it.each([
    ['nothing that anybody recognises', [{}], [400, 'Unrecognized options for login request']],
    ['no object', ['x'], [400, 'Match failed']],
    ['no parameter', [], [400, 'Match failed']],
    ['no password', [{ user: { username: 'ada' }, password: null }], [400, 'Unrecognized options for login request']],
    ['a wrong password', [{ user: { username: 'ada' }, password: 'wrong' }], [403, GENERIC]],
    ['an unknown user', [{ user: { username: 'eve' }, password: 'wrong' }], [403, GENERIC]],
    ['a digest that is none', [{ user: { username: 'ada' }, password: { digest: 'x', algorithm: 'sha-256' } }], [400, 'Match failed']],
    ['a token that is none', [{ resume: 5 }], [400, 'Match failed']],
  ])('refuses %s', async (_what, params, refusal) => {
    await using at = await ddpAccounts()
    await at.world.createUser('ada')
    expect(refusalOf(await at.connect().call('1', 'login', ...params))).toEqual(refusal)
  })

  it('goes on with the token on a server of another face too, whatever services it has', async () => {
    const password = new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } })
    const services = {
      // As accounts-js has it: takes whatever it is given.
      greedy: { serviceName: 'greedy', server: {}, authenticate: async () => null },
      magicLink: new AccountsMagicLink(),
      password,
    }
    await using at = await ddpAccounts({ services, options: { face: 'accounts-js' } })
    const { token, id } = await at.signedIn()
    expect(resultOf(await at.connect().call('1', 'login', { resume: token })).id).toBe(id)
  })

  it('as somebody else switches the user of the connection, and leaves the earlier session good', async () => {
    await using at = await ddpAccounts()
    const { client, token, id } = await at.signedIn('ada')
    await at.world.createUser('bob')
    resultOf(await client.call('2', 'login', { user: { username: 'bob' }, password: PASSWORD }))
    expect(client.arrived.slice(4).map(({ msg }) => msg)).toEqual(['removed', 'added', 'updated', 'result'])
    expect(client.all('removed')).toEqual([{ msg: 'removed', collection: 'users', id }])
    expect(resultOf(await at.connect().call('1', 'login', { resume: token })).id).toBe(id)
  })
})
