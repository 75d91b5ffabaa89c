/**
 * Frames that no client should send, to a real server over real sockets: valid traffic of every method, bent in one or two places, torn texts, and noise. The
 * server may refuse all of it, and has to go on: nothing uncaught, nothing logged as an error, nobody told of an internal error.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { DdpClient, digested } from '../ddp-client.ts'
import { run } from '../subjects.ts'
import type { Running } from '../subjects.ts'
import type { Usage } from '../systems/child.ts'
import type { Heard } from '../systems/ddp.ts'
import { makeFrames } from './frames.ts'
import type { Frames } from './frames.ts'
import { heading, row } from './print.ts'

const CLIENTS = 32
/** Frames a client sends before it waits until all were read. */
const BURST = 40
/** Looks at the server's memory. */
const LOOKS = 5
const PATHS = ['/websocket', '/websocket', '/websocket', '/sockjs/websocket', '/sockjs/123/abcdefgh/websocket']

interface Found {
  sent: number
  answers: number
  internal: Map<string, number>
  closed: number
}

export async function fuzz(database: string, total: number, seed: number): Promise<void> {
  const server = await run('ddp', { BENCH_DATABASE: database, BENCH_LIMITS: 'off' }, ['--expose-gc'])
  const found: Found = { sent: 0, answers: 0, internal: new Map(), closed: 0 }
  try {
    const frames = makeFrames(seed)
    heading(`${total.toLocaleString('en')} fuzzed frames, seed ${seed}`, [
      'sent',
      'answers',
      'sockets closed',
      'internal errors',
      'objects MiB',
      'resident MiB',
    ])
    for (let look = 0; look <= LOOKS; look += 1) {
      const until = Math.floor((total * look) / LOOKS)
      await Promise.all(Array.from({ length: CLIENTS }, (_, n) => clientOf(server, frames, found, PATHS[n % PATHS.length] ?? '', until)))
      const { heap, memory } = await server.ask<Usage>('settle')
      row(
        found.sent,
        found.answers,
        found.closed,
        [...found.internal.values()].reduce((sum, one) => sum + one, 0),
        heap,
        memory,
      )
    }
    await isAlive(server)
    const { failures, unhandled } = await server.ask<Heard>('heard')
    console.log(`\nStill signs people up and in. Logged as errors: ${failures.length}; left unhandled: ${unhandled.length}.\n`)
    if (found.internal.size + failures.length + unhandled.length > 0) process.exitCode = 1
    for (const [what, times] of found.internal) console.log(`- ${times} x told of an internal error: ${what}`)
    for (const what of new Set([...failures, ...unhandled])) console.log(`- ${what}`)
  } finally {
    await server.stop()
  }
}

/** Sends until so many were sent by all clients together. */
async function clientOf(server: Running, frames: Frames, found: Found, path: string, until: number): Promise<void> {
  let client: DdpClient | undefined
  while (found.sent < until) {
    if (!client || client.isClosed || frames.chance() < 0.01) {
      client?.drop()
      client = await DdpClient.open(server.port, path)
      listen(client, frames, found)
      // Most begin well, or hardly anything behind the handshake would be reached.
      if (frames.chance() < 0.95) await client.connect()
      if (frames.chance() < 0.5) client.send(frames.login())
    }
    const sent: string[] = []
    for (let n = 0; n < BURST && found.sent < until; n += 1) {
      found.sent += 1
      const frame = frames.next()
      sent.push(frame)
      if (frames.chance() < 0.002) client.sendRaw(frame)
      else if (frames.chance() < 0.0005) client.sendRaw(Buffer.from(frame))
      else client.send(frame)
    }
    last.set(client, sent)
    await within(client.settled(), () => `a client was not answered after: ${sent.join('\n')}`)
  }
  client?.drop()
}

/** What each client sent last, to say what an internal error followed. */
const last = new WeakMap<DdpClient, string[]>()

function listen(client: DdpClient, frames: Frames, found: Found): void {
  client.onMessage = message => {
    found.answers += 1
    frames.learn(message)
    if (message.error?.error !== 500) return
    // Meteor has this one refusal of that number, and our clients are told as its own are.
    if (message.error.reason === NO_SECRET) return
    const sent = last.get(client)?.find(frame => frame.includes(`"id":${JSON.stringify(message.id)}`)) ?? '?'
    const what = `${JSON.stringify(message.error)} after ${sent.slice(0, 300)}`
    found.internal.set(what, (found.internal.get(what) ?? 0) + 1)
  }
  client.onClose = () => {
    found.closed += 1
  }
}

async function isAlive({ port }: Running): Promise<void> {
  const client = await DdpClient.connected(port)
  const password = digested('a good long password')
  await client.succeed('createUser', { username: 'last-of-all', password })
  await client.succeed('login', { user: { username: 'last-of-all' }, password })
  await client.close()
}

const NO_SECRET = 'The user does not have a secret generated. You may have to call the function generateSvgCode first.'
const PATIENCE_MS = 60_000

async function within(work: Promise<void>, complaint: () => string): Promise<void> {
  const over = new AbortController()
  const late = pause(PATIENCE_MS, undefined, { signal: over.signal }).then(
    () => {
      throw new Error(complaint())
    },
    () => {},
  )
  await Promise.race([work, late])
  over.abort()
  await late
}
