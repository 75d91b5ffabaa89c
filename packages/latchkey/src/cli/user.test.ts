import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeOf } from '../../../server/src/testing/two-factor.ts'
import { cli, newWorld } from '../../testing/world.ts'
import type { Outcome, World } from '../../testing/world.ts'
import { EXIT } from './exit.ts'

const PASSWORD = 'correct horse battery staple'

let world: World
beforeAll(async () => {
  world = await newWorld()
})
afterAll(() => world.close())

let count = 0
/** A user of this test's own, with a password and nothing else. */
async function newUser(...more: string[]): Promise<{ id: string; username: string }> {
  const username = `user${++count}`
  const created = await withPassword(PASSWORD, 'user', 'create', '--username', username, '--password-stdin', '--json', ...more)
  expect(created).toMatchObject({ code: EXIT.ok, err: '' })
  return (created.json() as { user: { id: string; username: string } }).user
}

const withPassword = (password: string, ...args: string[]): Promise<Outcome> => cli([...args, '--data', world.data], { stdin: password })

async function signIn(username: string, password = PASSWORD): Promise<{ status: number; sessionId: string; token: string }> {
  const answer = await world.post('/accounts/password/authenticate', { user: { username }, password })
  const { sessionId = '', tokens } = (await answer.json()) as { sessionId?: string; tokens?: { accessToken: string } }
  return { status: answer.status, sessionId, token: tokens?.accessToken ?? '' }
}

const isIn = async (token: string): Promise<boolean> =>
  (await (await world.get('/accounts/user', { authorization: `Bearer ${token}` })).json()) !== null

test('a user made on the command line signs in to the running server', async () => {
  const { username } = await newUser()
  expect((await signIn(username)).status).toBe(200)
})

test('create tells everything there is to know about the new user, and no secret', async () => {
  const created = await withPassword(
    `${PASSWORD}\n`,
    'user',
    'create',
    '--email',
    'Grace@Example.org',
    '--verified',
    '--password-stdin',
    '--json',
  )
  expect(created.json()).toEqual({
    user: {
      id: expect.any(String) as string,
      username: null,
      emails: [{ address: 'Grace@Example.org', verified: true }],
      deactivatedAt: null,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      updatedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      custom: {},
    },
    invited: false,
  })
})

test('a taken name, a malformed address and a weak password are refused', async () => {
  const { username } = await newUser()
  const taken = await withPassword(PASSWORD, 'user', 'create', '--username', username, '--password-stdin', '--json')
  expect(taken).toMatchObject({ code: EXIT.refused })
  expect(taken.json()).toMatchObject({ error: { code: 'UsernameAlreadyExists' } })
  expect(await withPassword(PASSWORD, 'user', 'create', '--email', 'nonsense', '--password-stdin')).toMatchObject({
    code: EXIT.refused,
    err: 'Invalid email\n',
  })
  expect(await withPassword('short', 'user', 'create', '--username', 'shorty', '--password-stdin')).toMatchObject({ code: EXIT.refused })
  expect(await withPassword('', 'user', 'create', '--username', 'shorty', '--password-stdin')).toMatchObject({ code: EXIT.usage })
})

test('an invited user gets a link in the mailbox of the running server', async () => {
  const invited = await world.cli('user', 'create', '--email', 'invited@example.org', '--invite', '--json')
  expect(invited).toMatchObject({ code: EXIT.ok })
  expect(invited.json()).toMatchObject({ invited: true })
  const mails = (await (await world.get('/dev/mailbox.json')).json()) as { to: string; text: string }[]
  expect(mails.find(({ to }) => to === 'invited@example.org')?.text).toContain('/enroll-account/')
})

test('users are found by id, e-mail address and username', async () => {
  const { id, username } = await newUser('--email', 'found@example.org')
  for (const who of [id, username, 'found@example.org', 'FOUND@example.org']) {
    expect((await world.cli('user', 'show', who, '--json')).json()).toMatchObject({ user: { id }, sessions: 0 })
  }
  expect((await world.cli('user', 'show', username)).out).toContain('found@example.org (not verified)')
})

test.each(['show', 'activate', 'deactivate', 'sessions', 'revoke', 'delete --yes', 'set-password --password-stdin'])(
  '%s of nobody is not found',
  async command => {
    const { code, err } = await withPassword(PASSWORD, 'user', ...command.split(' '), 'nobody')
    expect(code).toBe(EXIT.notFound)
    expect(err).toBe('There is no user with the id, e-mail address or username "nobody"\n')
  },
)

test('list pages through all users, and searches by the beginning of a name', async () => {
  const mine = await Promise.all([
    newUser('--email', 'zoe1@example.org'),
    newUser('--email', 'zoe2@example.org'),
    newUser('--email', 'zoe3@example.org'),
  ])
  const page = async (...more: string[]) =>
    (await world.cli('user', 'list', '--json', '--search', 'zoe', '--limit', '2', ...more)).json() as {
      users: { id: string }[]
      next: string | null
    }
  const first = await page()
  expect(first.users).toHaveLength(2)
  const second = await page('--after', first.next ?? '')
  expect(second).toMatchObject({ next: null })
  const ids = [...first.users, ...second.users].map(({ id }) => id)
  expect(new Set(ids)).toEqual(new Set(mine.map(({ id }) => id)))
  expect((await world.cli('user', 'list', '--search', 'zoe', '--limit', '2')).out).toContain(
    `More: latchkey user list --after ${first.next}`,
  )
  expect((await world.cli('user', 'list', '--search', 'nobody at all')).out).toBe('No users.\n')
})

test('revoke ends all sessions with the very next request of the running server', async () => {
  const { username } = await newUser()
  const [phone, laptop] = [await signIn(username), await signIn(username)]
  expect([await isIn(phone.token), await isIn(laptop.token)]).toEqual([true, true])
  const revoked = await world.cli('user', 'revoke', username, '--json')
  expect([await isIn(phone.token), await isIn(laptop.token)]).toEqual([false, false])
  expect(revoked.json()).toEqual({ ended: 2 })
  expect((await world.cli('user', 'revoke', username)).out).toBe(`Ended 0 sessions of ${username}.\n`)
})

test('revoke --session ends one session and leaves the others', async () => {
  const { username } = await newUser()
  const [phone, laptop] = [await signIn(username), await signIn(username)]
  expect(await isIn(laptop.token)).toBe(true)
  expect((await world.cli('user', 'revoke', username, '--session', phone.sessionId)).out).toBe(`Ended 1 session of ${username}.\n`)
  expect([await isIn(phone.token), await isIn(laptop.token)]).toEqual([false, true])
  const other = await newUser()
  const foreign = await world.cli('user', 'revoke', other.username, '--session', laptop.sessionId)
  expect(foreign.code).toBe(EXIT.notFound)
  expect(await isIn(laptop.token)).toBe(true)
})

test('sessions lists the devices that are signed in', async () => {
  const { username } = await newUser()
  const { sessionId } = await signIn(username)
  const { sessions } = (await world.cli('user', 'sessions', username, '--json')).json() as { sessions: Record<string, unknown>[] }
  expect(sessions).toHaveLength(1)
  expect(sessions[0]).toMatchObject({ id: sessionId, ip: '127.0.0.1', factors: ['password'], impersonated: false })
  expect(sessions[0]).not.toHaveProperty('current')
  expect((await world.cli('user', 'sessions', username)).out).toContain(sessionId)
})

test('deactivate ends sessions and refuses logins; activate lets in again', async () => {
  const { username } = await newUser()
  const { token } = await signIn(username)
  expect(await isIn(token)).toBe(true)
  const deactivated = await world.cli('user', 'deactivate', username, '--json')
  expect(deactivated.json()).toMatchObject({ user: { deactivatedAt: expect.any(String) as string } })
  expect(await isIn(token)).toBe(false)
  expect((await signIn(username)).status).toBe(400)
  expect((await world.cli('user', 'activate', username)).code).toBe(EXIT.ok)
  expect((await signIn(username)).status).toBe(200)
  expect(await isIn(token)).toBe(false)
})

test('set-password replaces the password and ends all sessions', async () => {
  const { username } = await newUser()
  const { token } = await signIn(username)
  const next = 'another long password of mine'
  expect((await withPassword(next, 'user', 'set-password', username, '--password-stdin')).out).toBe(
    `${username} has a new password; all sessions have ended.\n`,
  )
  expect(await isIn(token)).toBe(false)
  expect((await signIn(username)).status).toBe(400)
  expect((await signIn(username, next)).status).toBe(200)
})

test('a folder without a database is told, instead of showing no users', async () => {
  const { code, err } = await cli(['user', 'list', '--data', '/nowhere/at/all'])
  expect(code).toBe(EXIT.failed)
  expect(err).toContain('There is no database at /nowhere/at/all/latchkey.db')
})

test('delete removes the user', async () => {
  const { id, username } = await newUser()
  const { token } = await signIn(username)
  expect((await world.cli('user', 'delete', username, '--yes', '--json')).json()).toEqual({ deleted: id })
  expect(await isIn(token)).toBe(false)
  expect((await world.cli('user', 'show', username)).code).toBe(EXIT.notFound)
})

test('a name that would play tricks on the terminal is shown without them', async () => {
  await world.post('/accounts/password/register', { user: { email: 'trick@example.org', password: PASSWORD } })
  await world.post(
    '/accounts/password/authenticate',
    { user: { email: 'trick@example.org' }, password: PASSWORD },
    { 'user-agent': 'x\u009b31m' },
  )
  const { out } = await world.cli('user', 'sessions', 'trick@example.org')
  expect(out).not.toMatch(/[^\n\P{Cc}]/u)
})

test('remove-two-factor lets a user in who has lost app and recovery codes', async () => {
  const { username } = await newUser()
  const { token } = await signIn(username)
  const authorization = { authorization: `Bearer ${token}` }
  const { secret } = (await (await world.post('/accounts/password/twoFactorSecret', {}, authorization)).json()) as {
    secret: { base32: string }
  }
  const code = codeOf(secret, { now: () => Date.now() })
  expect((await world.post('/accounts/password/twoFactorSet', { secret, code }, authorization)).status).toBe(200)
  expect((await signIn(username)).status).toBe(400)
  const removed = await cli(['user', 'remove-two-factor', username, '--data', world.data])
  expect(removed).toMatchObject({ code: EXIT.ok, out: `${username} signs in without a code now, and is told so by mail.\n` })
  expect((await signIn(username)).status).toBe(200)
  const again = await cli(['user', 'remove-two-factor', username, '--data', world.data])
  expect(again).toMatchObject({ code: EXIT.ok, out: `${username} has no second factor.\n` })
})
