/** Conversations that were recorded with Meteor, played to a server of ours. */
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AccountsServer } from '@latchkey/server'
import { DDPServer } from '@latchkey/server/ddp'
import { attachDdp } from '@latchkey/server/node'
import { memoryStore } from '@latchkey/server/stores/memory'
import { sqliteStore } from '@latchkey/server/stores/sql'
import { fixedClock } from '@latchkey/server/testing'
import type { FixedClock } from '@latchkey/server/testing'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DEVIATIONS, SAID_OTHERWISE } from './deviations.ts'
import type { Deviation } from './deviations.ts'
import { digestOf, Names, readRecording, Talker } from './replay.ts'

type Store = NonNullable<ConstructorParameters<typeof AccountsServer>[0]> extends { db?: infer Db } ? Db : never

/** What is around one conversation. */
interface Stage {
  server: AccountsServer
  clock: FixedClock
  url: string
  mails: { to: string; text: string }[]
  names: Names
  talkers: Map<string, Talker>
}

/** What was done outside of the recording: who was there already, and what the first of its clients is. */
type Prologue = (stage: Stage, first: Talker) => Promise<unknown>

const EMAIL = '<name1>@ex.com'

/** The first client signs up, and is signed in by that. */
const signUp =
  (fields: Record<string, string>, password: string = '<sha256_1>', token?: string): Prologue =>
  async ({ names }, first) => {
    const given = Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, names.filled(text)]))
    const result = await first.call('createUser', { ...given, password: { digest: names.filled(password), algorithm: 'sha-256' } })
    if (token) names.learn(token, result.token as string)
  }

const NAME = { username: '<name1>' }
const BOTH = { ...NAME, email: EMAIL }

const PROLOGUES: Readonly<Record<string, Prologue>> = {
  'change-password': signUp(NAME),
  'create-user-errors': signUp(BOTH),
  'forgot-and-reset-password': signUp(BOTH, '<sha256_9>'),
  'login-errors-ambiguous': async (stage, first) => {
    stage.names.learn('right', digestOf('p1'))
    await signUp(BOTH, '<right>')(stage, first)
  },
  'login-resume-logout': signUp(BOTH),
  'logout-other-clients': signUp(NAME, '<sha256_1>', 'secret43_1'),
  'password-validator': signUp(NAME, '<sha256_2>'),
  'rate-limit-per-connection': signUp(NAME, '<sha256_8>'),
  'two-factor': signUp(NAME),
  'verify-email': async (stage, first) => {
    await signUp(BOTH)(stage, first)
    await stage.server.accounts.sendVerificationEmail(stage.names.filled(EMAIL), APP)
  },
}

/** The app itself, in the place of a client. */
const APP = { ip: '', userAgent: '', connectionId: '', transport: 'app', extra: {} }

/** What came after the end of a recording: of a method that is not there `updated` comes last. */
const AFTERWARDS: Readonly<Record<string, readonly string[]>> = { 'logout-other-clients': ['{"msg":"updated","methods":["3"]}'] }

/** What in a recording is no name and differs all the same. */
const VARYING: readonly [RegExp, string][] = [
  [/R2MOVB2RNEBS345QLQECLFNRIZR4PVKR/g, '<base32_1>'],
  [/"645648"/g, '"<totp>"'],
  [/7CCDC8/g, '<code1>'],
  [/wait 6 seconds/g, 'wait <seconds> seconds'],
]

const recording = async (name: string): Promise<string> => {
  const text = await readFile(new URL(`transcripts/${name}.txt`, import.meta.url), 'utf8')
  return VARYING.reduce((sofar, [what, by]) => sofar.replaceAll(what, by), text)
}

const RECORDINGS = [
  'change-password',
  'connect-version-negotiation',
  'create-user',
  'create-user-errors',
  'forgot-and-reset-password',
  'heartbeat-slow',
  'login-errors-ambiguous',
  'login-resume-logout',
  'logout-other-clients',
  'password-validator',
  'passwordless',
  'rate-limit-per-connection',
  'two-factor',
  'verify-email',
]

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-transcripts-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let files = 0
describe.each<[string, () => Store]>([
  ['memory', () => memoryStore()],
  ['SQLite', () => sqliteStore({ path: join(folder, `${(files += 1)}.db`) })],
])('what Meteor was recorded to say, with users in %s', (_name, makeStore) => {
  it.each(RECORDINGS)('is said by us in %s', async name => {
    await using stage = await openStage(makeStore(), name)
    const { differences, met } = await play(stage, name)
    expect(differences).toEqual([])
    const rest = [...stage.talkers.values()].flatMap(talker => talker.rest)
    expect(
      rest.filter(frame => !AFTERWARDS[name]?.includes(frame)),
      'nothing is heard that was not recorded',
    ).toEqual([])
    expect([...met]).toEqual(DEVIATIONS.filter(({ recording: where }) => where === name))
  })
})

it('deviates where the page says so, and nowhere else', async () => {
  const page = await readFile(new URL('../../docs/ddp-deviations.md', import.meta.url), 'utf8')
  const listed = [...page.matchAll(/^- (.*)$/gm)].map(([, text]) => text)
  expect(listed).toEqual([...new Set(DEVIATIONS.map(({ because }) => because)), ...SAID_OTHERWISE])
})

/** Says what the clients of a recording said, until something else comes back than was recorded. */
async function play(stage: Stage, name: string): Promise<{ differences: string[]; met: ReadonlySet<Deviation> }> {
  const met = new Set<Deviation>()
  let isFirst = true
  // A conversation is one thing after the other.
  for (const line of readRecording(await recording(name))) {
    if (line.kind === 'note') {
      await note(stage, line.text)
      continue
    }
    const talker = await talkerOf(stage, line.by)
    if (line.kind === 'said') {
      talker.say(stage.names.filled(line.text))
      continue
    }
    if (line.kind === 'closed') {
      const frame = await lastWords(talker, name)
      if (frame !== undefined) return { differences: [`${line.by} <- ${frame}, and was to be closed`], met }
      continue
    }
    const deviation = DEVIATIONS.find(
      ({ recording: where, says, by = line.by }) => where === name && by === line.by && line.text.includes(says),
    )
    if (deviation) met.add(deviation)
    if (deviation?.instead === null) continue
    const expected = deviation?.instead ?? line.text
    const frame = (await talker.hear()) ?? 'closed by the server'
    if (!stage.names.fits(expected, frame)) return { differences: [`${line.by} <- ${frame}`, `in the place of ${expected}`], met }
    if (isFirst && frame.includes('"connected"')) {
      isFirst = false
      await PROLOGUES[name]?.(stage, talker)
    }
  }
  return { differences: [], met }
}

/** The frame after the last; in the recording about heartbeats a client answers the first `ping` and no other. */
async function lastWords(talker: Talker, name: string): Promise<string | undefined> {
  const frame = await talker.hear()
  if (name !== 'heartbeat-slow' || frame !== '{"msg":"ping"}') return frame
  talker.say('{"msg":"pong"}')
  const again = await talker.hear()
  return again === frame ? talker.hear() : again
}

async function talkerOf({ talkers, url }: Stage, by: string): Promise<Talker> {
  const known = talkers.get(by)
  if (known) return known
  const talker = await Talker.at(url)
  talkers.set(by, talker)
  return talker
}

/** What was noted about mail says where a secret is; what was noted about Meteor's documents is Meteor's own business. */
async function note({ mails, names, server }: Stage, text: string): Promise<void> {
  if (!text.startsWith('## mail:')) return
  // In the form of the recording, with the names filled in as far as they are known.
  const { to, text: body } = JSON.parse(text.slice('## mail:'.length)) as { to: string; text: string }
  const link = /\.\.\. (\S+) \.\.\./.exec(body)?.[1] ?? ''
  const secret = /<(secret43_\d+|code1)>/.exec(link)?.[1] ?? ''
  const found = secret === 'code1' ? /loginToken=([0-9A-F]{6})/ : /\/([\w-]{43})(?=\s|$)/m
  const { outbox } = server.accounts.core.store
  const { mail, match } = await vi.waitFor(async () => {
    expect(await outbox.size()).toBe(0)
    const last = mails.findLast(one => one.to === names.filled(to))
    const fits = found.exec(last?.text ?? '')
    // What is mailed after the answer may not even be in the outbox yet.
    if (!last || !fits || noted.has(last)) throw new Error(`No mail to ${to} with what is looked for`)
    return { mail: last, match: fits }
  })
  noted.add(mail)
  names.learn(secret, match[1] ?? '')
  const expected = names.filled(link)
  expect(decodeURIComponent(mail.text ?? '')).toContain(expected)
}

/** Mails that were looked at. */
const noted = new WeakSet<object>()

async function openStage(db: Store, name: string): Promise<Stage & AsyncDisposable> {
  const clock = fixedClock('2026-01-01T00:00:00Z')
  const mails: Stage['mails'] = []
  // Soon where it is waited for; nowhere else, for a slow machine is silent longer than that.
  const heartbeat = name === 'heartbeat-slow' ? { heartbeatInterval: 300, heartbeatTimeout: 300 } : {}
  const ddp = new DDPServer({ ...heartbeat, disconnectGracePeriod: 0 })
  const server = new AccountsServer(ddp, {
    db,
    tokenSecret: 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz',
    siteUrl: 'http://localhost:3930',
    sendMail: async mail => void mails.push(mail),
    // The rules for new passwords are our own; those of the recordings are `p1` and `plain`.
    password: { minLength: 1, refuseCommon: false },
    argon2MemoryCost: 64,
    argon2TimeCost: 1,
    ports: { clock },
  })
  await server.ready()
  const http = createServer()
  const sockets = attachDdp(http, ddp, { sockjs: false })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const talkers = new Map<string, Talker>()
  const names: Names = new Names(name => {
    const digest = /^sha256_(\d+)$/.exec(name)?.[1]
    if (digest !== undefined) return digestOf(`password ${digest}`)
    if (name === 'totp') return nextCode(clock, names.of('base32_1'))
    if (/^name\d+$/.test(name)) return `u${Math.trunc(Math.random() * 1e9)}`
    throw new Error(`Nobody has said yet what <${name}> stands for`)
  })
  return {
    server,
    clock,
    mails,
    names,
    talkers,
    // The port was given.
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/websocket`,
    async [Symbol.asyncDispose]() {
      for (const talker of talkers.values()) talker.leave()
      await sockets.stop()
      await ddp.stop()
      http.close()
      await server.stop()
    },
  }
}

/** A code works once here, so each time it is said it is the next one. */
function nextCode(clock: FixedClock, base32: string): string {
  clock.pass(30_000)
  return new TOTP({ secret: Secret.fromBase32(base32) }).generate({ timestamp: clock.now() })
}
