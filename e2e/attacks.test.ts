/** What thieves, racers and strangers try with sessions, tokens and passwords, against a running server on real databases. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AccountsServerOptions } from '@latchkey/server'
import { sqliteStore } from '@latchkey/server/stores/sql'
import { describe, expect, it, onTestFinished } from 'vitest'
import { post } from './support/call.ts'
import { digest, openSocket } from './support/ddp-socket.ts'
import type { DdpSocket } from './support/ddp-socket.ts'
import { rawCaller } from './support/raw-call.ts'
import { startServer } from './support/server.ts'
import type { RunningStory } from './support/server.ts'
import { dataFolder } from './support/standalone.ts'
import { STORES } from './support/stores.ts'
import { ADA, cookieOf, NEW_PASSWORD, PASSWORD, payload, signIn, tokensOf, UNLIMITED, who } from './support/visitor.ts'

describe('a thief of the database', () => {
  it('finds no secret that was ever sent, and nothing in it signs anybody in', { timeout: 120_000 }, async () => {
    const folder = await dataFolder()
    onTestFinished(() => folder.remove())
    const story = await server('memory', { ...UNLIMITED, db: sqliteStore({ path: join(folder.path, 'accounts.db') }) })
    const { url } = story
    const secrets = [PASSWORD, NEW_PASSWORD]
    await post(url, 'password/register', { user: { email: ADA, password: PASSWORD } })
    secrets.push(await story.tokenFor(ADA, 'verify-email'))
    const first = await signIn(url)
    const second = tokensOf((await post(url, 'refreshTokens', first)).body)
    secrets.push(
      ...[first, second].flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken, payload(refreshToken).rt as string]),
    )
    secrets.push(await cookieOf(url))
    const socket = await socketAt(story)
    const loginToken = await socket.login()
    secrets.push(loginToken, digest(PASSWORD).digest)
    await post(url, 'password/sendResetPasswordEmail', { email: ADA })
    secrets.push(await story.tokenFor(ADA, 'reset-password'))
    await post(url, 'password/changePassword', { oldPassword: PASSWORD, newPassword: NEW_PASSWORD }, second.accessToken)
    // Left unredeemed, so that there is something to steal.
    await post(url, 'password/sendResetPasswordEmail', { email: ADA })

    const files = await Promise.all((await readdir(folder.path)).map(name => readFile(join(folder.path, name), 'latin1')))
    const dump = files.join('\n')
    expect(dump).toContain(ADA)
    for (const secret of secrets) expect(dump).not.toContain(secret)

    // Whatever in it looks like a token, tried as every kind of token there is.
    const stolen = [...new Set(dump.match(/[\w-]{20,}/g))].filter(text => text.length <= 64)
    expect(stolen.length).toBeGreaterThan(20)
    const caller = rawCaller(url)
    onTestFinished(() => caller.close())
    const thief = await socketAt(story)
    const [header = '', body = '', signature = ''] = second.refreshToken.split('.')
    const sid = payload(second.refreshToken).sid
    for (const value of stolen) {
      const refreshToken = `${header}.${encode({ ...payload(second.refreshToken), sid, rt: value })}.${signature}`
      const tried = [
        await caller.get('user', { authorization: `Bearer ${value}` }),
        await caller.get('user', { authorization: `Bearer ${header}.${body}.${value}` }),
        await caller.get('user', { cookie: `latchkey-3000=${value}` }),
        await caller.post('password/verifyEmail', { token: value }),
        await caller.post('password/resetPassword', { token: value, newPassword: 'chosen by a thief' }),
        await caller.post('refreshTokens', { accessToken: second.accessToken, refreshToken }),
        await caller.post('password/authenticate', { user: ADA, password: value }),
      ]
      const overDdp = [
        await thief.call('login', { resume: value }),
        await thief.call('login', { user: { email: ADA }, password: { digest: value, algorithm: 'sha-256' } }),
        await thief.call('resetPassword', value, digest('chosen by a thief')),
        await thief.call('verifyEmail', value),
      ]
      expect(overDdp.filter(({ error }) => error === undefined)).toEqual([])
      expect(tried.slice(0, 3).map(answer => answer.body)).toEqual(['null', 'null', 'null'])
      expect(tried.slice(3).map(({ status }) => status)).toEqual([400, 400, 400, 400])
    }
    expect(await who(url, second.accessToken)).toBe(ADA)
  })
})

describe('every secret', () => {
  it('is good where it belongs and nowhere else', async () => {
    const story = await server('sqlite', UNLIMITED)
    const { url } = story
    await post(url, 'password/register', { user: { email: ADA, password: PASSWORD } })
    const verify = await story.tokenFor(ADA, 'verify-email')
    await post(url, 'password/sendResetPasswordEmail', { email: ADA })
    const reset = await story.tokenFor(ADA, 'reset-password')
    const login = (await post(url, 'password/authenticate', { user: ADA, password: PASSWORD })).body
    const { accessToken, refreshToken } = tokensOf(login)
    const secrets = {
      access: accessToken,
      refresh: refreshToken,
      'what the refresh token holds': payload(refreshToken).rt as string,
      cookie: await cookieOf(url),
      'login token': await (await socketAt(story)).login(),
      'session id': login?.sessionId ?? '',
      handle: (payload(accessToken).data as { token: string }).token,
      verify,
      reset,
    }
    const caller = rawCaller(url)
    onTestFinished(() => caller.close())
    // Those that consume come last, and only with what does not belong there.
    const places: Record<string, (secret: string) => Promise<boolean>> = {
      access: async secret => (await caller.get('user', { authorization: `Bearer ${secret}` })).body !== 'null',
      'access, in the body': async secret => (await caller.post('user', { accessToken: secret })).body !== 'null',
      cookie: async secret => (await caller.get('user', { cookie: `latchkey-3000=${secret}` })).body !== 'null',
      'access beside refresh': async secret => (await caller.post('refreshTokens', { accessToken: secret, refreshToken })).status === 200,
      refresh: async secret => (await caller.post('refreshTokens', { accessToken, refreshToken: secret })).status === 200,
      'login token': async secret => (await (await socketAt(story)).call('login', { resume: secret })).error === undefined,
      'cookie, on a socket': async secret => {
        const socket = await openSocket(url, { origin: url, cookie: `latchkey-3000=${secret}` })
        const { result } = await socket.call('latchkey.user')
        socket.close()
        return result !== null
      },
      verify: async secret => (await caller.post('password/verifyEmail', { token: secret })).status === 200,
      reset: async secret => (await caller.post('password/resetPassword', { token: secret, newPassword: NEW_PASSWORD })).status === 200,
    }
    const good = new Map<string, string[]>()
    for (const [place, accepts] of Object.entries(places)) {
      const accepted: string[] = []
      for (const [name, secret] of Object.entries(secrets)) if (await accepts(secret)) accepted.push(name)
      good.set(place, accepted)
    }
    expect(Object.fromEntries(good)).toEqual({
      access: ['access'],
      'access, in the body': ['access'],
      // Both are what a session is resumed with; the one is kept by scripts, the other where no script can read it.
      cookie: ['cookie', 'login token'],
      'access beside refresh': ['access'],
      refresh: ['refresh'],
      'login token': ['cookie', 'login token'],
      'cookie, on a socket': ['cookie', 'login token'],
      verify: ['verify'],
      reset: ['reset'],
    })
  })
})

for (const { name, here } of STORES) {
  describe.skipIf(!here)(`races, on ${name}`, () => {
    it('a session that was ended while it was being refreshed stays ended, whatever the refreshes were answered', async () => {
      const { url, accounts } = await server(name, UNLIMITED)
      await post(url, 'password/register', { user: { email: ADA, password: PASSWORD } })
      for (const end of ['logout', 'sessions/endOthers', 'password/changePassword']) {
        const tokens = await signIn(url)
        const asking = end === 'logout' ? tokens : await signIn(url)
        const body = { oldPassword: PASSWORD, newPassword: PASSWORD }
        const [ended, ...refreshed] = await Promise.all([
          post(url, end, body, asking.accessToken),
          ...Array.from({ length: 12 }, () => post(url, 'refreshTokens', tokens)),
        ])
        expect([end, ended.status]).toEqual([end, 200])
        for (const { body: answer } of refreshed.filter(({ status }) => status === 200)) {
          expect(await who(url, tokensOf(answer).accessToken)).toBeNull()
          expect((await post(url, 'refreshTokens', tokensOf(answer))).status).toBe(400)
        }
        expect(await who(url, tokens.accessToken)).toBeNull()
      }
      expect(await accounts.accounts.lookUp(ADA)).not.toBeNull()
    })

    it('a session that was ended while sockets resumed it stays ended, and leaves no socket signed in', async () => {
      const story = await server(name, UNLIMITED)
      const { url } = story
      await post(url, 'password/register', { user: { email: ADA, password: PASSWORD } })
      const { accessToken } = await signIn(url)
      for (let round = 0; round < 5; round += 1) {
        const first = await socketAt(story)
        const resume = await first.login()
        const others = await Promise.all(Array.from({ length: 6 }, () => socketAt(story)))
        const [ended] = await Promise.all([
          post(url, 'sessions/endOthers', {}, accessToken),
          ...others.map(socket => socket.call('login', { resume })),
        ])
        expect(ended.status).toBe(200)
        // Whoever came in before the end is put out, and whoever came later was refused.
        const users = await Promise.all([first, ...others].map(socket => socket.call('latchkey.user')))
        expect(users.map(({ result }) => result ?? null)).toEqual(Array(7).fill(null))
        expect((await (await socketAt(story)).call('login', { resume })).error?.error).toBe(403)
      }
    })

    it('as many logins at once are as many sessions, each in the list and each to be ended', async () => {
      const { url, accounts } = await server(name, UNLIMITED)
      const { id } = await accounts.accounts.createUser({ email: ADA, password: PASSWORD })
      const all = await Promise.all(Array.from({ length: 20 }, () => signIn(url)))
      expect(await accounts.accounts.userSessions(id)).toHaveLength(20)
      await post(url, 'sessions/endOthers', {}, all[7]?.accessToken)
      expect(await accounts.accounts.userSessions(id)).toHaveLength(1)
      const names = await Promise.all(all.map(({ accessToken }) => who(url, accessToken)))
      expect(names.filter(Boolean)).toEqual([ADA])
    })

    it('of two changes of the password at once one is made, and it is the one that was told so', async () => {
      const { url } = await server(name, UNLIMITED)
      await post(url, 'password/register', { user: { email: ADA, password: PASSWORD } })
      const [phone, laptop] = [await signIn(url), await signIn(url)]
      const wishes = ['the first new password', 'the second new password']
      const answers = await Promise.all(
        [phone, laptop].map(({ accessToken }, n) =>
          post(url, 'password/changePassword', { oldPassword: PASSWORD, newPassword: wishes[n] }, accessToken),
        ),
      )
      const made = answers.findIndex(({ status }) => status === 200)
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      expect((await post(url, 'password/authenticate', { user: ADA, password: wishes[made] })).status).toBe(200)
      expect((await post(url, 'password/authenticate', { user: ADA, password: wishes[1 - made] })).status).toBe(400)
    })

    it('whoever deleted the account is gone with every token and link, and whoever takes the address next inherits nothing', async () => {
      const story = await server(name, UNLIMITED)
      const { url } = story
      await post(url, 'password/register', { user: { email: ADA, password: PASSWORD } })
      const verify = await story.tokenFor(ADA, 'verify-email')
      await post(url, 'password/sendResetPasswordEmail', { email: ADA })
      const reset = await story.tokenFor(ADA, 'reset-password')
      const [phone, laptop, cookie] = [await signIn(url), await signIn(url), await cookieOf(url)]
      expect((await post(url, 'account/delete', { password: PASSWORD }, phone.accessToken)).status).toBe(200)

      await post(url, 'password/register', { user: { email: ADA, password: NEW_PASSWORD } })
      const caller = rawCaller(url)
      onTestFinished(() => caller.close())
      for (const { accessToken } of [phone, laptop]) expect(await who(url, accessToken)).toBeNull()
      expect((await caller.get('user', { cookie: `latchkey-3000=${cookie}` })).body).toBe('null')
      const refused = [
        await post(url, 'refreshTokens', laptop),
        await post(url, 'logout', {}, laptop.accessToken),
        await post(url, 'password/verifyEmail', { token: verify }),
        await post(url, 'password/resetPassword', { token: reset, newPassword: PASSWORD }),
        await post(url, 'password/authenticate', { user: ADA, password: PASSWORD }),
      ]
      expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400])
      const next = await signIn(url, NEW_PASSWORD)
      expect((await story.accounts.accounts.check(next.accessToken)).user.emails).toEqual([{ address: ADA, verified: false }])
    })
  })
}

describe('a link', () => {
  it('to an address that has moved to another account verifies it for neither', async () => {
    const story = await server('sqlite', UNLIMITED)
    const { url } = story
    const shared = 'shared@example.org'
    await post(url, 'password/register', { user: { email: ADA, password: PASSWORD } })
    const { accessToken } = await signIn(url)
    await post(url, 'password/addEmail', { newEmail: shared }, accessToken)
    await post(url, 'password/sendVerificationEmail', { email: shared })
    const link = await story.tokenFor(shared, 'verify-email')
    await post(url, 'password/removeEmail', { email: shared, password: PASSWORD }, accessToken)
    await story.accounts.accounts.createUser({ email: shared, password: PASSWORD })
    expect((await post(url, 'password/verifyEmail', { token: link })).status).toBe(400)
    expect((await story.accounts.accounts.lookUp(shared))?.emails).toEqual([{ address: shared, verified: false }])
  })

  it('leads to our own site, whatever Host the request for it named', async () => {
    const story = await server('memory', { siteUrl: 'https://app.example.com' })
    await story.accounts.accounts.createUser({ email: ADA, password: PASSWORD })
    const caller = rawCaller(story.url)
    onTestFinished(() => caller.close())
    for (const host of ['evil.example', 'app.example.com.evil.example', 'app.example.com:80@evil.example']) {
      await caller.post('password/sendResetPasswordEmail', { email: ADA }, { host })
      await story.tokenFor(ADA, 'reset-password')
    }
    for (const { text, html } of story.mails) {
      expect(text).toContain('https://app.example.com/reset-password/')
      expect(`${text}${html}`).not.toContain('evil')
    }
  })
})

async function server(name: string, options: Partial<AccountsServerOptions> = {}): Promise<RunningStory> {
  const story = await startServer(name, options, { ddp: true })
  onTestFinished(() => story.close())
  return story
}

async function socketAt({ url }: RunningStory): Promise<DdpSocket> {
  const socket = await openSocket(url)
  onTestFinished(() => socket.close())
  return socket
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
