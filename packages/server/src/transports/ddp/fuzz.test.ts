import { afterAll, beforeAll, expect, test } from 'vitest'
import { WireClient } from '../../testing/ddp-wire.ts'
import { DDPServer } from './index.ts'
import type { MethodInvocation, Publication } from './index.ts'

const FRAMES = 100_000
const CLIENTS = 50

const rejections: unknown[] = []
const note = (reason: unknown): void => void rejections.push(reason)
beforeAll(() => void process.on('unhandledRejection', note))
afterAll(() => void process.off('unhandledRejection', note))

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

const VALUES = [
  'null',
  '0',
  '-1',
  '1e999',
  '""',
  '"1"',
  '"hello"',
  '"set"',
  '"__proto__"',
  '"constructor"',
  'true',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '["1"]',
  '["1","pre1"]',
  '{"$date":1}',
  '{"$date":"x"}',
  '{"$binary":"AQI="}',
  '{"$binary":"*"}',
  '{"$type":"oid","$value":1}',
  '{"$escape":{"$date":1}}',
  '{"$InfNaN":0}',
  '{"$regexp":"(","$flags":"g"}',
  '{"__proto__":{"a":1}}',
  `${'['.repeat(300)}${']'.repeat(300)}`,
  '"\\u0000\\ud800"',
  `"${'x'.repeat(300)}"`,
]
const KEYS = [
  'msg',
  'id',
  'method',
  'name',
  'params',
  'randomSeed',
  'session',
  'resume',
  'receivedCount',
  'version',
  'support',
  '__proto__',
  'toString',
]
/** A hundred thousand messages. */
const PATIENCE = { timeout: 180_000 }

const KINDS = ['connect', 'method', 'sub', 'unsub', 'ping', 'pong', 'result', 'added', 'x', '']
const WHOLE = [
  '{"msg":"method","id":"1","method":"hello","params":[1,{"$date":5}]}',
  '{"msg":"method","id":"1","method":"signIn","params":["ada"]}',
  '{"msg":"method","id":"2","method":"signIn","params":[null]}',
  '{"msg":"sub","id":"1","name":"set","params":[]}',
  '{"msg":"sub","id":"2","name":"set","params":[{"a":[]}]}',
  '{"msg":"unsub","id":"1"}',
  '{"msg":"connect","version":"1","support":["1"],"receivedCount":0}',
]

function frame(random: () => number): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const kind = random()
  if (kind < 0.4) return pick(WHOLE)
  if (kind < 0.5) {
    const text = pick(WHOLE)
    const at = Math.floor(random() * text.length)
    return `${text.slice(0, at)}${String.fromCharCode(Math.floor(random() * 300))}${text.slice(at + Math.floor(random() * 3))}`
  }
  if (kind < 0.55) return pick(VALUES)
  const members = Array.from({ length: Math.floor(random() * 5) }, () => `"${pick(KEYS)}":${pick(VALUES)}`)
  return `{"msg":"${pick(KINDS)}"${members.map(one => `,${one}`).join('')}}`
}

test(
  'whatever clients send, nothing throws, nothing is left unhandled, and nobody is answered with an internal error',
  PATIENCE,
  async () => {
    const failures: string[] = []
    const log = {
      debug() {},
      info() {},
      warn() {},
      error: (fields: object, message: string) => void failures.push(`${message} ${JSON.stringify(fields)}`),
    }
    const server = new DDPServer({ log, disconnectGracePeriod: 1000 })
    server.methods({
      hello: (...params: unknown[]) => params,
      signIn(this: MethodInvocation, userId: unknown) {
        return this.setUserId(typeof userId === 'string' ? userId : null)
      },
    })
    server.publish(null, function (this: Publication) {
      if (this.userId !== null) this.added('users', this.userId, { name: this.userId })
    })
    server.publish('set', function (this: Publication, ...params: unknown[]) {
      this.added('set', this.userId ?? 'none', { params })
      this.ready()
    })
    const random = mulberry(20_260_101)
    const clients: WireClient[] = Array.from({ length: CLIENTS }, () => new WireClient(server))
    let internal = 0
    for (let at = 0; at < FRAMES; at++) {
      const place = Math.floor(random() * CLIENTS)
      let client = clients[place]
      if (!client || client.isClosed || client.frames.length > 300 || random() < 0.001) {
        internal += client?.frames.filter(text => text.includes('"error":500')).length ?? 0
        client?.drop()
        clients[place] = client = random() < 0.9 ? WireClient.connected(server, {}, { receivedCount: 0 }) : new WireClient(server)
      }
      client.sayRaw(frame(random))
      // Lets what is under way go on
      if (at % 100 === 0) await new Promise(resolve => void setImmediate(resolve))
    }
    const last = WireClient.connected(server)
    expect((await last.call('1', 'hello', 'still there'))['result']).toEqual(['still there'])
    for (const client of clients) internal += client.frames.filter(text => text.includes('"error":500')).length
    expect(internal).toBe(0)
    expect(failures).toEqual([])
    await server.stop()
    expect(rejections).toEqual([])
  },
)
