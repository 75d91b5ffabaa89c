/** What can be written into the fields of a request, tried over HTTP on real databases: other people's names, operators, statements, markup, sheer length. */
import type { AccountsServerOptions } from '@latchkey/server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { effortOf } from '../tools/test/effort.ts'
import { post } from './support/call.ts'
import { rawCaller } from './support/raw-call.ts'
import type { RawAnswer, RawCaller } from './support/raw-call.ts'
import { startServer } from './support/server.ts'
import type { Around, RunningStory } from './support/server.ts'
import { STORES } from './support/stores.ts'
import { ADA, PASSWORD, payload, signIn, UNLIMITED } from './support/visitor.ts'

/** What a database without types, or one with statements made of text, would take for more than a value. */
const OPERATORS: unknown[] = [
  { $ne: null },
  { $gt: '' },
  { $regex: '^a' },
  { $where: 'true' },
  { $in: [ADA] },
  [ADA],
  [{ $ne: 1 }],
  true,
  1,
  {},
]
const STATEMENTS = [
  "' or '1'='1",
  "' or 1=1 --",
  `${ADA}' --`,
  "'; drop table latchkey_users; --",
  "') union select id, id from latchkey_users --",
  '" or ""="',
  '%',
  '_%',
  'a%',
  '\\',
  '$1',
  '{{7*7}}',
  '${7*7}',
]

for (const { name, here } of STORES) {
  describe.skipIf(!here)(`on ${name}`, () => {
    it('no operator and no statement signs in, finds somebody, or redeems anything', async () => {
      const { url, accounts } = await server(name)
      await accounts.accounts.createUser({ username: 'ada', email: ADA, password: PASSWORD })
      const caller = callerOf(url)
      const { accessToken } = await signIn(url)
      const own = { authorization: `Bearer ${accessToken}` }
      for (const value of [...OPERATORS, ...STATEMENTS]) {
        const answers = [
          await caller.post('password/authenticate', { user: value, password: PASSWORD }),
          await caller.post('password/authenticate', { user: { email: value }, password: PASSWORD }),
          await caller.post('password/authenticate', { user: { username: value }, password: PASSWORD }),
          await caller.post('password/authenticate', { user: { id: value }, password: PASSWORD }),
          await caller.post('password/authenticate', { user: ADA, password: value }),
          await caller.post('password/verifyEmail', { token: value }),
          await caller.post('password/resetPassword', { token: value, newPassword: PASSWORD }),
          await caller.post('refreshTokens', { accessToken: value, refreshToken: value }),
          await caller.post('sessions/end', { sessionId: value }, own),
          await caller.post('password/removeEmail', { email: value }, own),
          await caller.post('password/changePassword', { oldPassword: value, newPassword: 'chosen by a stranger' }, own),
        ]
        for (const { status, body } of answers)
          expect([value, status >= 400 && status < 500, body.includes('"tokens":')]).toEqual([value, true, false])
      }
      expect((await accounts.accounts.listUsers({})).map(({ username }) => username)).toEqual(['ada'])
      // A search takes its text as text.
      for (const search of ['%', '_da', 'a%', "'"]) expect(await accounts.accounts.listUsers({ search })).toEqual([])
      expect(await accounts.accounts.listUsers({ search: 'ad' })).toHaveLength(1)
      expect((await caller.get('user', own)).body).toContain(ADA)
    })

    it('fields of a sign-up that nobody asked for make nobody verified, privileged or somebody else', async () => {
      const keepAll = { password: { validateNewUser: (user: Record<string, unknown>) => user } }
      for (const options of [{}, keepAll] as Partial<AccountsServerOptions>[]) {
        const { url, accounts } = await server(name, { ...options, enableAutologin: true })
        const { id } = await accounts.accounts.createUser({ email: 'victim@example.org', password: PASSWORD })
        const caller = callerOf(url)
        const wishes = {
          id,
          _id: id,
          userId: id,
          emails: [{ address: 'victim@example.org', verified: true }],
          emailVerified: true,
          verified: true,
          deactivated: true,
          deactivatedAt: 1,
          epoch: 99,
          createdAt: 0,
          updatedAt: 0,
          credentials: [{ kind: 'password', secret: 'x' }],
          identifiers: [{ kind: 'email', key: 'victim@example.org' }],
          custom: { admin: true },
          services: { password: { bcrypt: 'planted' } },
        }
        const { status, body } = await caller.post('password/register', { user: { ...wishes, email: ADA, password: PASSWORD } })
        expect(status).toBe(200)
        const made = await accounts.accounts.lookUp(ADA)
        expect(made).toMatchObject({ emails: [{ address: ADA, verified: false }], epoch: 0 })
        expect(made?.id).not.toBe(id)
        expect(made?.deactivatedAt).toBeUndefined()
        expect(made?.createdAt).toBeGreaterThan(1_700_000_000_000)
        expect(body).not.toMatch(/planted|services|"_id"|"epoch"|"deactivatedAt"/)
        expect(body).toContain('"deactivated":false')
        // Its own password signs in, and no planted credential stands beside it.
        expect(await accounts.accounts.core.store.users.credentials(made?.id ?? '')).toHaveLength(1)
        expect((await accounts.accounts.lookUp('victim@example.org'))?.id).toBe(id)
      }
    })

    it('naming somebody else in the body of a deed changes nothing of theirs', async () => {
      const { url, accounts } = await server(name)
      const ada = await accounts.accounts.createUser({ username: 'ada', email: ADA, password: PASSWORD })
      await accounts.accounts.createUser({ username: 'eve', email: 'eve@example.org', password: PASSWORD })
      const victim = await signIn(url)
      const { accessToken } = await signIn(url, PASSWORD, 'eve@example.org')
      const theirs = { userId: ada.id, id: ada.id, user: { id: ada.id }, username: 'ada', sessionId: payload(victim.accessToken).sid }
      const before = await accounts.accounts.findUser({ kind: 'id', key: ada.id })
      for (const [route, body] of [
        ['sessions/end', {}],
        ['sessions/endOthers', {}],
        ['password/addEmail', { newEmail: 'more@example.org' }],
        ['password/removeEmail', { email: ADA }],
        ['password/changeEmail', { oldEmail: ADA, newEmail: 'stolen@example.org' }],
        ['password/changePassword', { oldPassword: PASSWORD, newPassword: 'a rather different sentence' }],
        ['logout', {}],
      ] as const)
        await post(url, route, { ...theirs, ...body }, accessToken)
      expect(await accounts.accounts.findUser({ kind: 'id', key: ada.id })).toEqual(before)
      expect((await post(url, 'user', {}, victim.accessToken)).body).toMatchObject({ emails: [{ address: ADA }] })
      expect((await post(url, 'password/authenticate', { user: ADA, password: PASSWORD })).status).toBe(200)
    })

    it('a look-alike of an address is refused or is the same account, and its mail goes to the address that is kept', async () => {
      const story = await server(name, { ambiguousErrorMessages: false })
      await story.accounts.accounts.createUser({ email: 'kim.ada@example.org', password: PASSWORD })
      const caller = callerOf(story.url)
      for (const lookAlike of [
        'KIM.ADA@EXAMPLE.ORG',
        ' kim.ada@example.org ',
        'kim.ada@Example.Org',
        '\u212Aim.ada@example.org',
        'kim.ada\uFF20example.org',
        'kim.ada@example\u3002org',
        'kim.ada@\u24D4xample.org',
        'kim.ada@example.org.',
        'kim.ada@exam\u200Dple.org',
        'kim.ada@exam\u00ADple.org',
        '\u202Ekim.ada@example.org',
        'kim.ada@example.org\u0000',
        'kim.ada@example.org\r\nBcc: eve@example.org',
        'kim.ada@example.org,eve@example.org',
        '"kim.ada"@example.org',
        'kim.ada(x)@example.org',
        'Kim <kim.ada@example.org>',
        `kim.ada@example.org${'x'.repeat(300)}`,
      ]) {
        await caller.post('password/sendResetPasswordEmail', { email: lookAlike })
        const { status, body } = await caller.post('password/register', { user: { email: lookAlike, password: PASSWORD } })
        expect([lookAlike, status, /EmailAlreadyExists|InvalidEmail|InvalidInput/.test(body)]).toEqual([lookAlike, 400, true])
      }
      expect(await story.accounts.accounts.listUsers({})).toHaveLength(1)
      await story.tokenFor('kim.ada@example.org', 'reset-password')
      expect([...new Set(story.mails.map(({ to }) => to))]).toEqual(['kim.ada@example.org'])
    })
  })
}

describe('names', () => {
  it('that are addresses cannot be taken, and an address never signs in as a name', async () => {
    const { url, accounts } = await server('sqlite', { ambiguousErrorMessages: false }, { password: anyName })
    await accounts.accounts.createUser({ email: ADA, password: PASSWORD })
    for (const username of [ADA, 'ada\uFF20example.org', 'x@y', 'a\u200Bda', 'ad\u0430']) {
      const { status, body } = await post(url, 'password/register', { user: { username, password: PASSWORD } })
      expect([username, status, body?.code]).toEqual([username, 400, 'InvalidUsername'])
    }
    expect((await post(url, 'password/authenticate', { user: { username: ADA }, password: PASSWORD })).status).toBe(400)
  })

  it('are text in mails, whatever they look like', async () => {
    const story = await server('sqlite', {}, { password: anyName })
    const { url, mails } = story
    for (const [n, username] of [
      '<img src=x onerror=alert(1)>',
      '"><script>alert(1)</script>',
      '{{constructor}}',
      '${7*7}',
      'http://evil.example/login',
      '&lt;b&gt;',
    ].entries()) {
      const email = `user${n}@example.org`
      expect((await post(url, 'password/register', { user: { username, email, password: PASSWORD } })).status).toBe(200)
      await story.tokenFor(email, 'verify-email')
    }
    expect(mails).toHaveLength(6)
    for (const { subject, text, html = '', from, to } of mails) {
      expect(html).not.toMatch(/<img|<script|onerror/)
      expect(`${subject}${text}${html}`).not.toMatch(/evil\.example|\{\{|7\*7/)
      expect(`${subject}${from}${to}`).not.toMatch(/[\r\n]/)
    }
  })
})

describe('a password', () => {
  it('is taken to the letter: no trimming, no change of case, no Unicode normalisation, no cut', async () => {
    const { url } = await server('sqlite')
    const long = `${'x'.repeat(100)}1`
    for (const [n, [chosen, almost]] of [
      [' spaces at both ends ', 'spaces at both ends'],
      ['Mixed Case Sentence', 'mixed case sentence'],
      ['caf\u00e9 au lait, please', 'cafe\u0301 au lait, please'],
      [long, `${'x'.repeat(100)}2`],
      ['ends in a line break\n', 'ends in a line break'],
    ].entries()) {
      const email = `user${n}@example.org`
      await post(url, 'password/register', { user: { email, password: chosen } })
      expect([n, (await post(url, 'password/authenticate', { user: email, password: almost })).status]).toEqual([n, 400])
      expect([n, (await post(url, 'password/authenticate', { user: email, password: chosen })).status]).toEqual([n, 200])
    }
  })
})

describe('length', () => {
  it('makes no field and no header slow: the longest ones are answered like short ones', async () => {
    const { url } = await server('memory', {}, { rest: { trustedProxies: ['127.0.0.1'] } })
    const caller = callerOf(url)
    const fills = ['a', 'a@', '@', '.', 'a.', '-', ' ', '\u00df', '\u0130', '\ud83d\ude00', 'xn--', '%', '(', 'a\u0301']
    const slow: unknown[] = []
    const timed = async (about: string, ask: () => Promise<RawAnswer>): Promise<void> => {
      const effort = await effortOf(async () => {
        const { status } = await ask()
        expect([about, status < 500]).toEqual([about, true])
      })
      if (effort > SLOW) slow.push([about, effort])
    }
    for (const fill of fills) {
      const long = fill.repeat(Math.floor(60_000 / Buffer.byteLength(fill)))
      await timed(`user ${fill}`, () => caller.post('password/authenticate', { user: long, password: 'x' }))
      await timed(`email ${fill}`, () => caller.post('password/sendResetPasswordEmail', { email: long }))
      await timed(`new email ${fill}`, () =>
        caller.post('password/register', { user: { email: `${long}@example.org`, password: PASSWORD } }),
      )
      await timed(`name ${fill}`, () => caller.post('password/register', { user: { username: long, password: PASSWORD } }))
      await timed(`password ${fill}`, () => caller.post('password/register', { user: { email: ADA, password: long } }))
      await timed(`token ${fill}`, () => caller.post('password/verifyEmail', { token: long }))
      await timed(`tokens ${fill}`, () => caller.post('refreshTokens', { accessToken: `${long}.${long}`, refreshToken: long }))
      const header = Buffer.from(fill)
        .toString('latin1')
        .repeat(Math.floor(12_000 / Buffer.byteLength(fill)))
      for (const name of [
        'user-agent',
        'x-ucbrowser-ua',
        'x-forwarded-for',
        'x-forwarded-host',
        'authorization',
        'origin',
        'cookie',
        'content-type',
      ])
        await timed(`${name} ${fill}`, () => caller.post('user', {}, { [name]: header }))
      await timed(`cookies ${fill}`, () => caller.get('user', { cookie: `latchkey-3000=${header}; latchkey.device-3000=1.${header}` }))
    }
    expect(slow).toEqual([])
  })
})

/** Milliseconds of the processor, for this test and the server. Linear work on 60 KB takes a few; a quadratic pattern takes many seconds. */
const SLOW = 1500

/** accounts-js's rule for names lets nothing interesting through. */
const anyName = { validateUsername: () => true, argon2: { memoryCost: 64, timeCost: 1 } }

async function server(name: string, options: Partial<AccountsServerOptions> = {}, around: Around = {}): Promise<RunningStory> {
  const story = await startServer(name, { ...UNLIMITED, ...options }, around)
  onTestFinished(() => story.close())
  return story
}

function callerOf(url: string): RawCaller {
  const caller = rawCaller(url)
  onTestFinished(() => caller.close())
  return caller
}
