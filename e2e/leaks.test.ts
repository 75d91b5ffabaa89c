/** What a whole journey leaves in the places that people other than its owner read: the log, the audit trail, the hooks of an app. */
import { createHash } from 'node:crypto'
import type { Asked, Log, Mail, SecondFactor, Told } from '@latchkey/server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { digest, openSocket } from './support/ddp-socket.ts'
import type { DdpSocket } from './support/ddp-socket.ts'
import { rawCaller } from './support/raw-call.ts'
import type { RawAnswer } from './support/raw-call.ts'
import { startServer } from './support/server.ts'
import type { RunningStory } from './support/server.ts'
import { STORES } from './support/stores.ts'
import { ADA, NEW_PASSWORD, PASSWORD } from './support/visitor.ts'

const WRONG = 'an old password of hers'
/** Typed into the field for the name. */
const MISPLACED = 'the password in the wrong field'
const CODE = 'fixture-code-246810'
/** Sent where no secret belongs, as people and broken clients do. */
const STRAY = 'stray-secret-that-somebody-typed-or-linked'

const MOMENTS = [
  'validateLogin',
  'login',
  'loginFailure',
  'authenticated',
  'authenticationFailure',
  'logout',
  'logoutFailure',
  'userCreated',
  'userCreationFailure',
  'resumed',
  'resumeFailure',
  'refreshed',
  'refreshFailure',
  'passwordReset',
  'passwordChanged',
] as const satisfies readonly (keyof (Asked & Told))[]

/** accounts-js hands these to the hooks of a resumed, a refreshed and an ended session, and so do we: they are what the app's own request was about. */
const HANDED_OVER = { accessToken: '', tokens: '' }

for (const { name, here } of STORES) {
  describe.skipIf(!here)(`a whole journey, on ${name}`, () => {
    it('leaves no password, code, token, hash or address in the log, in the audit trail, or with the hooks', async () => {
      const log = captured()
      const factor: SecondFactor = {
        kind: 'fixture',
        verify: async (_userId, answer) => (answer === CODE ? { name: 'fixture', kind: 'holds', at: 0 } : null),
      }
      const post: Post = { sent: [], refuses: false }
      const sendMail = async ({ to, text }: Mail): Promise<void> => {
        post.sent.push(text)
        // Some mail servers say back what they were sent.
        if (post.refuses) throw new Error(`550 5.1.1 <${to}>: rejected, ${/https?:\S+/.exec(text)?.[0]}`)
      }
      const story = await startServer(name, { log: log.log, factors: [factor], sendMail }, { ddp: true })
      onTestFinished(() => story.close())
      const told: unknown[] = []
      for (const moment of MOMENTS) story.accounts.on(moment, payload => void told.push({ ...payload, ...HANDED_OVER }))

      const secrets = [...(await overDdp(story, post)), ...(await journey(story, post))]
      await settled(async () => log.lines.some(line => line.includes('could not be sent')))
      const users = await story.accounts.accounts.listUsers({})
      const { store } = story.accounts.accounts.core
      for (const { id } of users) secrets.push(...(await store.users.credentials(id)).flatMap(({ secret }) => secret ?? []))
      const audit = await store.audit.list({ limit: 1000 })

      expect(secrets.length).toBeGreaterThan(20)
      expect(log.lines.length).toBeGreaterThan(25)
      expect(audit.length).toBeGreaterThan(15)
      expect(told.length).toBeGreaterThan(20)
      const places = { log: log.lines.join('\n'), audit: JSON.stringify(audit), hooks: written(told) }
      for (const [place, text] of Object.entries(places)) {
        // The app is told which name was tried.
        const found = secrets.filter(secret => text.includes(secret) && !(place === 'hooks' && secret === MISPLACED))
        expect([place, found]).toEqual([place, []])
        expect([place, /\$argon2|\$2[aby]\$/.test(text)]).toEqual([place, false])
      }
      // Hooks are for the app, which knows its users; the log and the trail are read by others.
      for (const place of [places.log, places.audit]) expect(place).not.toMatch(/ada@|eve@|nobody@/i)
    })
  })
}

/** The mail server. */
interface Post {
  /** Texts that it was given. */
  sent: string[]
  refuses: boolean
}

/** Everything a user and a few others do, rightly and wrongly; answers all that must have stayed between the two ends. */
async function journey({ url, accounts }: RunningStory, mail: Post): Promise<string[]> {
  const secrets = new Set([PASSWORD, NEW_PASSWORD, WRONG, MISPLACED, CODE, STRAY])
  const caller = rawCaller(url)
  onTestFinished(() => caller.close())
  const post = async (route: string, body: unknown, headers: Record<string, string> = {}): Promise<RawAnswer> => {
    const answer = await caller.post(route, body, headers)
    const parts = [
      ...answer.body.matchAll(/"(?:accessToken|refreshToken|pending)":"([^"]+)"/g),
      ...answer.headers.matchAll(/cookie: [^=]+=([^;]{20,})/gi),
    ]
    for (const { 1: secret = '' } of parts) {
      secrets.add(secret)
      for (const part of secret.split('.').slice(1)) if (part.length > 20) secrets.add(part)
    }
    return answer
  }
  const link = async (page: string): Promise<string> => {
    const token = await mailed(mail, page)
    secrets.add(token)
    return token
  }
  const login = { user: { email: ADA }, password: PASSWORD }
  const page = { origin: url, 'x-latchkey-session': 'cookie' }

  await post('password/register', { user: { username: 'ada', email: ADA, password: PASSWORD, apiKey: STRAY } })
  await post('password/verifyEmail', { token: await link('verify-email') })
  await post('password/register', { user: { email: ADA, password: WRONG } })
  await post('password/register', { user: { email: 'not an address', password: WRONG } })
  await post('password/register', { user: { email: 'eve@example.org', password: 'short' } })
  const bearer = tokenIn(await post('password/authenticate', login))
  await post('password/authenticate', { ...login, password: WRONG, token: STRAY, code: STRAY })
  await post('password/authenticate', { user: 'nobody@example.org', password: WRONG })
  await post('password/authenticate', { user: MISPLACED, password: ADA })
  await post('password/verifyAuthentication', { ...login, password: WRONG })
  await post('password/verifyAuthentication', login)
  await post('password/authenticate', login, page)
  const refresh = JSON.parse((await post('password/authenticate', login)).body) as { tokens: object }
  await post('refreshTokens', refresh.tokens)
  await post('refreshTokens', { accessToken: STRAY, refreshToken: STRAY })
  await caller.get('user', { authorization: bearer })
  await caller.get(`user?accessToken=${STRAY}`, { authorization: `Bearer ${STRAY}`, cookie: `latchkey-3000=${STRAY}`, 'user-agent': 'x' })
  await caller.get(`reset-password/${STRAY}`)
  await caller.get(`${STRAY}/authenticate`)
  await post(`${STRAY}/authenticate`, { password: WRONG })
  await post('password/changePassword', { oldPassword: WRONG, newPassword: NEW_PASSWORD }, { authorization: bearer })
  await post('password/changePassword', { oldPassword: PASSWORD, newPassword: NEW_PASSWORD }, { authorization: bearer })
  await post('password/addEmail', { newEmail: 'ada@lovelace.example' }, { authorization: bearer })
  await post('password/sendResetPasswordEmail', { email: ADA })
  await post('password/sendResetPasswordEmail', { email: 'nobody@example.org' })
  await post('password/resetPassword', { token: STRAY, newPassword: NEW_PASSWORD })
  await post('password/resetPassword', { token: await link('reset-password'), newPassword: PASSWORD })

  const { id: userId } = (await accounts.accounts.lookUp(ADA)) ?? { id: '' }
  await accounts.accounts.core.store.users.putCredential({ userId, kind: 'fixture', id: '', data: {}, createdAt: 0, updatedAt: 0 })
  const asked = JSON.parse((await post('password/authenticate', login)).body) as { details: { pending: string } }
  await post('second-factor/authenticate', { pending: asked.details.pending, code: 'wrong' })
  const second = tokenIn(await post('second-factor/authenticate', { pending: asked.details.pending, code: CODE }))

  // A mail server that answers with what it was sent, and a database that says too much.
  mail.refuses = true
  const before = mail.sent.length
  await post('password/sendVerificationEmail', { email: 'ada@lovelace.example' })
  await settled(async () => mail.sent.length > before)
  await link('verify-email')
  const { users } = accounts.accounts.core.store
  const findUser = users.find.bind(users)
  users.find = () => Promise.reject(new Error('connection lost'))
  await post('password/sendResetPasswordEmail', { email: ADA })
  users.find = findUser
  await post('logout', {}, { authorization: second })
  await post('logout', {}, { authorization: second })
  return [...secrets]
}

/** Somebody else's journey, on a socket; rightly and wrongly too. */
async function overDdp({ url }: RunningStory, mail: Post): Promise<string[]> {
  const email = 'eve@lovelace.example'
  const digests = [PASSWORD, NEW_PASSWORD, WRONG].map(digest)
  const [right, next, wrong] = digests
  let socket = await openSocket(url)
  onTestFinished(() => socket.close())
  const tokens: string[] = []
  const call = async (...[method, ...params]: Parameters<DdpSocket['call']>): Promise<void> => {
    const { result, error } = await socket.call(method, ...params)
    for (const [, secret = ''] of JSON.stringify([result, error]).matchAll(/"(?:token|pending)":"([^"]+)"/g)) tokens.push(secret)
  }
  await call('latchkey.register', { user: { email, password: right, apiKey: STRAY } })
  const verify = await mailed(mail, 'verify-email')
  await call('latchkey.verifyEmail', { token: verify })
  await call('login', { user: { email }, password: wrong })
  await call('login', { user: { email }, password: right })
  await call('login', { resume: tokens.at(-1) })
  await call('login', { resume: STRAY })
  await call('login', { user: { email }, password: wrong, token: STRAY })
  await call('login', { [STRAY]: WRONG })
  await call(STRAY, WRONG)
  await call('getNewToken', STRAY)
  await call('changePassword', wrong, next)
  await call('changePassword', right, next)
  await call('changePassword', NEW_PASSWORD, PASSWORD)
  await call('forgotPassword', { email })
  const reset = await mailed(mail, 'reset-password')
  await call('resetPassword', STRAY, next)
  await call('resetPassword', reset, next)
  // That ended the session, and with it the socket.
  await socket.closed
  socket = await openSocket(url, { 'user-agent': 'x', origin: url, cookie: `latchkey-3000=${STRAY}` })
  await call('createUser', { email: 'eve@lovelace.example', password: wrong })
  await call('latchkey.authenticate', { service: STRAY, params: { password: WRONG } })
  await call('latchkey.deleteAccount', { password: wrong, code: STRAY })
  await call('logout')
  await call('login', { user: { email }, password: next })
  await call('latchkey.deleteAccount', { password: next })
  expect(tokens.length).toBeGreaterThan(2)
  const hashes = tokens.map(token => createHash('sha256').update(token).digest('base64'))
  return [...tokens, ...hashes, verify, reset, ...digests.map(({ digest: hex }) => hex)]
}

const tokenIn = ({ body }: RawAnswer): string => /"accessToken":"([^"]+)"/.exec(body)?.[1] ?? ''

/** The token in the newest link to that page. */
async function mailed({ sent }: Post, page: string): Promise<string> {
  const find = (): string | undefined => sent.findLast(text => text.includes(`/${page}/`))
  await settled(async () => find() !== undefined)
  return new RegExp(`/${page}/([\\w-]+)`).exec(find() ?? '')?.[1] ?? ''
}

async function settled(holds: () => Promise<boolean>): Promise<void> {
  for (const giveUpAt = Date.now() + 20_000; !(await holds()); await new Promise(resolve => setTimeout(resolve, 5))) {
    if (Date.now() > giveUpAt) throw new Error('it did not come to pass within twenty seconds')
  }
}

/** A log at its most talkative, each line with everything that a logger would write of it. */
function captured(): { log: Log; lines: string[] } {
  const lines: string[] = []
  const note = (fields: object, message: string): void => void lines.push(`${written(fields)} ${message}`)
  return { log: { debug: note, info: note, warn: note, error: note }, lines }
}

/** JSON with errors spelt out: message, stack, causes and whatever else hangs on them. */
const written = (value: unknown): string =>
  JSON.stringify(value, (key, inner: unknown) => {
    if (!(inner instanceof Error)) return inner
    const { message, stack, cause } = inner
    return { ...Object.fromEntries(Object.entries(inner)), message, stack, cause }
  })
