/** Where fuzzed frames come from: the same ones for the same seed, as long as the server answers the same. */
import { digested } from '../ddp-client.ts'
import type { Message } from '../ddp-client.ts'

export interface Frames {
  /** From 0 up to 1. */
  chance(): number
  next(): string
  /** A sign-in that succeeds, most often. */
  login(): string
  /** Ids and tokens of the server's answers come back in later frames. */
  learn(message: Message): void
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** The same sequence for the same seed. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What stands in the place of a value; texts are for JSON. */
const ODD: readonly string[] = [
  'null',
  '0',
  '-1',
  '1e999',
  '1e21',
  '""',
  '"0"',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  'true',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"length":1}',
  '{"$date":1}',
  '{"$date":"x"}',
  '{"$date":1e99}',
  '{"$binary":"AQI="}',
  '{"$binary":"*"}',
  '{"$type":"oid","$value":"x"}',
  '{"$type":"__proto__","$value":1}',
  '{"$escape":{"$date":1}}',
  '{"$InfNaN":0}',
  '{"$regexp":"(","$flags":"g"}',
  '{"$regexp":"(a+)+$","$flags":"i"}',
  '{"__proto__":{"isAdmin":true}}',
  '{"constructor":{"prototype":{"a":1}}}',
  '{"$ne":null}',
  '{"$gt":""}',
  '{"$where":"1"}',
  '{"toString":1}',
  '{"then":1}',
  '{"toJSON":"x"}',
  `${'['.repeat(300)}${']'.repeat(300)}`,
  `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`,
  String.raw`"\u0000"`,
  String.raw`"\ud800"`,
  String.raw`"a\u0000b@example.org"`,
  `"${'x'.repeat(300)}"`,
  `"${'x'.repeat(5000)}@example.org"`,
  '"İ@example.org"',
  '"ﬃ"',
  '"%00%ff"',
  '"\'; drop table users; --"',
  '"user-1"',
]

const USERS = 20
const PASSWORD = digested('correct horse battery staple')

export function makeFrames(seed: number): Frames {
  const chance = mulberry(seed)
  const below = (limit: number): number => Math.floor(chance() * limit)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
  const tokens: string[] = ['not-a-token']
  const ids: string[] = ['nobody']
  let calling = 0

  const name = (): string => `user-${below(USERS)}`
  const email = (): string => `${name()}@example.org`
  const user = (): Json => pick<() => Json>([() => ({ username: name() }), () => ({ email: email() }), () => ({ id: pick(ids) }), name])()
  const token = (): string => pick(tokens)
  const change = (): Json =>
    pick<Json>([
      { $set: { 'profile.n': 1 } },
      { $set: { profile: { a: [1, { b: 2 }] } } },
      { $unset: { profile: 1 } },
      { $push: { 'profile.l': 1 } },
      { $set: { username: 'x' } },
      { $inc: { 'profile.n': 1 } },
      { $rename: { profile: 'x' } },
      { $set: { 'services.password': 'x' } },
      {},
    ])

  /** What each method takes when all is well. */
  const METHODS: Readonly<Record<string, () => Json[]>> = {
    login: () =>
      pick<() => Json[]>([
        () => [{ user: user(), password: PASSWORD }],
        () => [{ resume: token() }],
        () => [{ user: user(), password: PASSWORD, code: '123456' }],
        () => [{ user: user(), password: 'correct horse battery staple' }],
        () => [{ selector: { email: email() }, token: '123456' }],
        () => [{ oauth: { credentialToken: 'x', credentialSecret: 'y' } }],
      ])(),
    createUser: () => [{ username: name(), email: email(), password: PASSWORD, profile: { a: 1 } }],
    logout: () => [],
    getNewToken: () => [],
    removeOtherTokens: () => [],
    configureLoginService: () => [{ service: 'github', clientId: 'x', secret: 'y' }],
    changePassword: () => [PASSWORD, PASSWORD],
    forgotPassword: () => [{ email: email() }],
    resetPassword: () => [token(), PASSWORD],
    verifyEmail: () => [token()],
    requestLoginTokenForUser: () => [
      { selector: { email: email() }, userData: { email: email() }, options: { userCreationDisabled: chance() < 0.5 } },
    ],
    generate2faActivationQrCode: () => ['An app'],
    enableUser2fa: () => ['123456'],
    disableUser2fa: () => [],
    has2faEnabled: () => [],
    '/users/insert': () => [{ username: name() }],
    '/users/update': () => [{ _id: pick(ids) }, change()],
    '/users/updateAsync': () => [{ _id: pick(ids) }, change(), { multi: false }],
    '/users/insertAsync': () => [{ username: name() }],
    '/users/remove': () => [{ _id: pick(ids) }],
    '/users/removeAsync': () => [{ _id: pick(ids) }],
    'latchkey.user': () => [],
    'latchkey.settings': () => [],
    'latchkey.sessions': () => [],
    'latchkey.endSession': () => [{ sessionId: token() }],
    'latchkey.endOtherSessions': () => [],
    'latchkey.authenticate': () => [{ service: 'password', params: { user: user(), password: 'correct horse battery staple' } }],
    'latchkey.register': () => [{ user: { username: name(), email: email(), password: 'correct horse battery staple' } }],
    'latchkey.sendVerificationEmail': () => [{ email: email() }],
    'latchkey.verifyEmail': () => [{ token: token() }],
    'latchkey.requestMagicLinkEmail': () => [{ email: email() }],
    'latchkey.requestLoginCode': () => [{ email: email() }],
    'latchkey.addEmail': () => [{ newEmail: email() }],
    'latchkey.changeEmail': () => [{ oldEmail: email(), newEmail: email() }],
    'latchkey.removeEmail': () => [{ email: email() }],
    'latchkey.twoFactorSecret': () => [],
    'latchkey.twoFactorSet': () => [{ secret: { base32: 'JBSWY3DPEHPK3PXP' }, code: '123456' }],
    'latchkey.twoFactorUnset': () => [{ code: '123456' }],
    'latchkey.twoFactorRecoveryCodes': () => [{ code: '123456' }],
    'latchkey.twoFactorStatus': () => [],
    'latchkey.linkedProviders': () => [],
    'latchkey.link': () => [{ provider: 'github', params: {} }],
    'latchkey.unlink': () => [{ provider: 'github' }],
    'latchkey.exportData': () => [],
    'latchkey.deleteAccount': () => [{ password: 'wrong' }],
    echo: () => [{ a: [1, { $date: 5 }] }],
  }
  const names = Object.keys(METHODS)

  const method = (which: string = pick(names)): Json => ({
    msg: 'method',
    id: String((calling += 1)),
    method: which,
    params: METHODS[which]?.() ?? [],
    ...(chance() < 0.1 ? { randomSeed: 'seed' } : {}),
  })
  const message = (): Json => {
    const kind = chance()
    if (kind < 0.8) return method()
    if (kind < 0.86) return { msg: 'sub', id: String(below(30)), name: pick(['meteor.loginServiceConfiguration', 'none']), params: [] }
    if (kind < 0.9) return { msg: 'unsub', id: String(below(30)) }
    if (kind < 0.93) return { msg: pick(['ping', 'pong']), id: 'x' }
    return {
      msg: pick(['connect', 'connect', 'connect', 'result', 'updated', 'added', 'nonsense']),
      version: '1',
      support: ['1', 'pre2'],
      session: pick(ids),
      resume: token(),
      receivedCount: below(5),
    }
  }

  /** Bends one place of a message. What is not JSON, such as 1e999 read back as nothing, is put in as text afterwards. */
  const bend = (value: Json): Json => {
    if (Array.isArray(value) && value.length > 0 && chance() < 0.85) {
      const at = below(value.length)
      const how = chance()
      if (how < 0.1) return value.toSpliced(at, 1)
      if (how < 0.2) return [...value, value[at] ?? null]
      return value.with(at, bend(value[at] ?? null))
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0 && chance() < 0.9) {
      const at = pick(Object.keys(value))
      const how = chance()
      const { [at]: taken = null, ...others } = value
      if (how < 0.1) return others
      if (how < 0.15) return { ...others, [pick(['__proto__x', 'toString', '$set', 'a.b', '', '$'])]: taken }
      return { ...others, [at]: bend(taken) }
    }
    return HOLE
  }

  const bent = (): string => {
    let value = message()
    for (let times = 1 + below(2); times > 0; times -= 1) value = bend(value)
    return JSON.stringify(value).replaceAll(JSON.stringify(HOLE), () => pick(ODD))
  }
  const torn = (): string => {
    const text = JSON.stringify(message())
    const at = below(text.length)
    return `${text.slice(0, at)}${String.fromCharCode(below(0x300))}${text.slice(at + below(4))}`
  }
  const noise = (): string =>
    Array.from({ length: below(80) }, () => String.fromCharCode(chance() < 0.5 ? 32 + below(96) : below(0x10000))).join('')

  return {
    chance,
    next() {
      const kind = chance()
      if (kind < 0.35) return JSON.stringify(message())
      if (kind < 0.85) return bent()
      return kind < 0.95 ? torn() : noise()
    },
    login: () => JSON.stringify({ msg: 'method', id: 'in', method: 'login', params: [{ user: { username: name() }, password: PASSWORD }] }),
    learn({ result }) {
      if (typeof result !== 'object' || result === null) return
      if ('token' in result && typeof result.token === 'string') keep(tokens, result.token)
      if ('id' in result && typeof result.id === 'string') keep(ids, result.id)
    },
  }

  function keep(list: string[], value: string): void {
    if (list.length < KEPT) list.push(value)
    else list[below(KEPT)] = value
  }
}

const HOLE = '<hole>'
const KEPT = 50
