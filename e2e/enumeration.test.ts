/** Nobody who asks from outside learns who has an account: every kind of account, and none at all, is answered alike, byte for byte and in the same time. */
import { stopOf } from '@latchkey/common'
import type { Timers } from '@latchkey/server'
import { AccountsCode } from '@latchkey/server/strategies/code'
import { AccountsMagicLink } from '@latchkey/server/strategies/magic-link'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { post } from './support/call.ts'
import { digest, openSocket } from './support/ddp-socket.ts'
import type { DdpSocket } from './support/ddp-socket.ts'
import { medians, spread } from './support/interleave.ts'
import { CLASSES, mixForms } from './support/mixed-forms.ts'
import type { AccountClass } from './support/mixed-forms.ts'
import { rawCaller } from './support/raw-call.ts'
import type { RawAnswer, RawCaller } from './support/raw-call.ts'
import { recordDeeds } from './support/record-deeds.ts'
import { startServer } from './support/server.ts'
import type { RunningStory } from './support/server.ts'
import { STORES } from './support/stores.ts'
import { PASSWORD, UNLIMITED } from './support/visitor.ts'

const WRONG = 'not the password'

/** Rounds of the measurement. 200 takes some four minutes, and then the medians must keep the promise; the gate runs it for what no noise can hide. */
const TRIES = Number(process.env['LATCHKEY_TIMING_TRIES'] ?? 4)
const IN_EARNEST = process.env['LATCHKEY_TIMING_TRIES'] !== undefined

/** What strangers can call about somebody, and with what. */
const OVER_DDP: readonly (readonly [method: string, paramsOf: (email: string) => unknown[]])[] = [
  ['login', email => [{ user: { email }, password: digest(WRONG) }]],
  ['login', email => [{ user: { email }, password: WRONG, code: '123456' }]],
  ['login', email => [{ user: { email }, password: { digest: 'ab', algorithm: 'sha-256' } }]],
  ['latchkey.authenticate', email => [{ service: 'password', params: { user: email, password: WRONG } }]],
  ['forgotPassword', email => [{ email }]],
  ['latchkey.sendVerificationEmail', email => [{ email }]],
  ['latchkey.requestMagicLinkEmail', email => [{ email }]],
  ['latchkey.requestLoginCode', email => [{ email }]],
  ['requestLoginTokenForUser', email => [{ selector: { email }, userData: { email: 'same@example.org' } }]],
]

/** No work of its own, such as sweeping: what is counted below is what was asked for. */
const ASKED_ALONE: Timers = {
  after(milliseconds, work) {
    const timer = setTimeout(work, milliseconds)
    return stopOf(() => clearTimeout(timer))
  },
  every: () => stopOf(() => {}),
}

for (const { name, here } of STORES) {
  describe.skipIf(!here)(`what an answer shows, on ${name}`, () => {
    let story: RunningStory
    let caller: RawCaller
    let socket: DdpSocket
    let addresses: Record<AccountClass, string[]>
    beforeAll(async () => {
      const services = { magicLink: new AccountsMagicLink(), code: new AccountsCode() }
      story = await startServer(name, { ...UNLIMITED, ports: { timers: ASKED_ALONE } }, { services, ddp: true })
      caller = rawCaller(story.url)
      socket = await openSocket(story.url)
      addresses = await mixForms(story.accounts.accounts, 'cheap')
      // Hashes whose cost was seen are not taken for dear ones: the tests below then wait for nothing.
      const seen = (['bcrypt', 'bcrypt-sha256'] as const).map(kind => ({ user: addresses[kind][2], password: WRONG }))
      await Promise.all(seen.map(body => post(story.url, 'password/authenticate', body)))
    })
    afterAll(async () => {
      caller?.close()
      socket?.close()
      await story?.close()
    })

    const first = (kind: AccountClass): string => addresses[kind][0] ?? ''
    const ofEach = async (ask: (email: string) => Promise<RawAnswer>): Promise<Record<string, string>> =>
      ofEachOverDdp(async email => shownBy(await ask(email)))
    const ofEachOverDdp = async (ask: (email: string) => Promise<string>): Promise<Record<string, string>> => {
      const shown: Record<string, string> = {}
      for (const kind of CLASSES) shown[kind] = await ask(first(kind))
      return shown
    }

    it('is the same for every kind of account after a wrong password, however the login is asked for', async () => {
      const page = { origin: story.url, 'x-latchkey-session': 'cookie' }
      const digest = { digest: 'ab'.repeat(32), algorithm: 'sha-256' }
      const ways: ((email: string) => Promise<RawAnswer>)[] = [
        email => caller.post('password/authenticate', { user: { email }, password: WRONG }),
        email => caller.post('password/authenticate', { user: email, password: digest }),
        email => caller.post('password/authenticate', { user: email, password: WRONG, code: '123456' }, page),
        email => caller.post('password/authenticate', { user: email, password: 'x'.repeat(20_000) }),
        email => caller.post('password/verifyAuthentication', { user: { email }, password: WRONG }),
      ]
      const refusal = answering('400', '{"message":"Invalid credentials","code":"InvalidCredentials"}')
      for (const way of ways) expect(distinct(await ofEach(way))).toEqual([refusal])
    })

    it.each(['password/sendResetPasswordEmail', 'password/sendVerificationEmail', 'magiclink/requestMagicLinkEmail'])(
      'is the same for every kind of account by %s',
      async route => {
        expect(distinct(await ofEach(email => caller.post(route, { email })))).toEqual([answering('200', 'null')])
      },
    )

    it('is the same for a new address, a taken address and a taken name at sign-up', async () => {
      await story.accounts.accounts.createUser({ username: 'taken', password: PASSWORD })
      const register = (user: object): Promise<RawAnswer> => caller.post('password/register', { user: { password: PASSWORD, ...user } })
      const shown = await ofEach(email => register({ email: email.toUpperCase() }))
      shown['a new name'] = shownBy(await register({ username: 'fresh' }))
      shown['a taken name'] = shownBy(await register({ username: 'TAKEN' }))
      shown['a taken name, a new address'] = shownBy(await register({ username: 'taken', email: 'fresh@example.org' }))
      expect(distinct(shown)).toEqual([answering('200', '{}')])
    })

    it('is the same for every kind of account over DDP, whatever is called', async () => {
      for (const [method, paramsOf] of OVER_DDP) {
        const shown = await ofEachOverDdp(async email => withoutOwn(await socket.told(method, ...paramsOf(email)), email))
        expect([method, distinct(shown)]).toEqual([method, [expect.any(String)]])
      }
      const refusal = await socket.told('login', { user: { email: first('argon2id') }, password: digest(WRONG) })
      expect(refusal).toContain('"reason":"Something went wrong. Please check your credentials."')
      expect(socket.heard.join('')).not.toContain('Internal server error')
    })

    it('costs the same deeds of the store, whoever it is about', async () => {
      const { outbox, store, later } = story.accounts.accounts.core
      // Mail is sent after the answer, and is another matter.
      await outbox.stop()
      await later.settled()
      const deeds = recordDeeds(store)
      const overRest = [
        ['password/authenticate', { password: WRONG }],
        ['password/sendResetPasswordEmail', {}],
        ['password/sendVerificationEmail', {}],
        ['magiclink/requestMagicLinkEmail', {}],
      ] as const
      const ways: (readonly [name: string, ask: (email: string) => Promise<unknown>])[] = [
        ...overRest.map(([route, body]) => [route, (email: string) => caller.post(route, { email, user: { email }, ...body })] as const),
        ...OVER_DDP.map(([method, paramsOf]) => [method, (email: string) => socket.told(method, ...paramsOf(email))] as const),
      ]
      for (const [way, ask] of ways) {
        const done: Record<string, string> = {}
        for (const kind of CLASSES) {
          deeds.length = 0
          await ask(addresses[kind][1] ?? '')
          // Not waited for by the answer, and the same all the same.
          await later.settled()
          done[kind] = deeds.join(', ')
        }
        expect(new Set(Object.values(done)).size, `${way}: ${JSON.stringify(done, null, 2)}`).toBe(1)
        expect(done.unknown).not.toBe('')
      }
    })
  })
}

describe('limits and locks', () => {
  it('refuse a name that nobody has as early, as long and in the same words', async () => {
    const now = Date.parse('2026-01-01')
    const story = await startServer('memory', { ports: { clock: { now: () => now } } })
    const caller = rawCaller(story.url)
    try {
      await story.accounts.accounts.createUser({ email: 'ada@example.org', password: PASSWORD })
      const seen = async (email: string): Promise<string[]> => {
        const answers: string[] = []
        for (let tries = 0; tries < 8; tries += 1)
          answers.push(shownBy(await caller.post('password/authenticate', { user: { email }, password: WRONG })))
        for (let tries = 0; tries < 8; tries += 1) answers.push(shownBy(await caller.post('password/sendResetPasswordEmail', { email })))
        return answers
      }
      const known = await seen('ada@example.org')
      expect(await seen('nobody@example.org')).toEqual(known)
      expect(known.filter(answer => answer.startsWith('429'))).toHaveLength(4)
    } finally {
      caller.close()
      await story.close()
    }
  })
})

describe('the time of an answer', () => {
  it('passes the same queue for hashes, whoever it is about', async () => {
    const story = await startServer('memory', UNLIMITED, { password: { hashing: { concurrency: 1, queue: 0 } } })
    const callers = [rawCaller(story.url), rawCaller(story.url)]
    try {
      const addresses = await mixForms(story.accounts.accounts)
      const both = async (email: string): Promise<number[]> => {
        const answers = await Promise.all(callers.map(caller => caller.post('password/authenticate', { user: { email }, password: WRONG })))
        return answers.map(({ status }) => status).toSorted((a, b) => a - b)
      }
      // Learns what the store holds.
      await callers[0]?.post('password/authenticate', { user: 'nobody', password: WRONG })
      // There is room for one hash and nobody may wait: had one of the two no work to do, both would be answered, however often they are asked.
      // A busy machine may bring the second question after the first answer.
      for (const kind of CLASSES) await expect.poll(async () => [kind, await both(addresses[kind][0] ?? '')]).toEqual([kind, [400, 503]])
    } finally {
      for (const caller of callers) caller.close()
      await story.close()
    }
  })

  it('does not tell one kind of account from another, nor from none, with the real hashes', { retry: 2, timeout: 900_000 }, async () => {
    const story = await startServer('sqlite', UNLIMITED, { password: {} })
    const caller = rawCaller(story.url)
    try {
      const addresses = await mixForms(story.accounts.accounts)
      const attempt = (kind: AccountClass) => (round: number) =>
        caller.post('password/authenticate', { user: { email: addresses[kind].at(round % addresses[kind].length) }, password: WRONG })
      const times = await medians(Object.fromEntries(CLASSES.map(kind => [kind, attempt(kind)])), TRIES)
      if (IN_EARNEST) console.table(times)
      // Unequal hashes alone would be a factor of three, no hash at all a factor of thirty.
      expect(spread(times)).toBeLessThan(IN_EARNEST ? 0.05 : 1)
    } finally {
      caller.close()
      await story.close()
    }
  })
})

const shownBy = ({ status, headers, body }: RawAnswer): string => `${status}\n${headers}\n\n${body}`

/** Without what was sent, and without what was drawn for this call. */
const withoutOwn = (told: string, email: string): string =>
  told.replaceAll(email, '<address>').replace(/"request":"[\w-]{43}"/, '"request":"<secret>"')

/** Each answer once, after the kinds of account that got it when there is more than one. */
function distinct(shown: Record<string, string>): string[] {
  const answers = [...new Set(Object.values(shown))]
  if (answers.length === 1) return answers
  return answers.map(
    answer =>
      `${Object.keys(shown)
        .filter(kind => shown[kind] === answer)
        .join(', ')}: ${answer}`,
  )
}

const answering = (status: string, body: string): unknown =>
  expect.toSatisfy((answer: string) => answer.startsWith(`${status}\n`) && answer.endsWith(`\n\n${body}`))
