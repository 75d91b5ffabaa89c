/** The built command as an operator runs it: a process of its own, with signals, pipes and exit codes. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newFolder } from '../testing/world.ts'
import { EXIT } from './cli/exit.ts'

const DIST = fileURLToPath(new URL('../dist', import.meta.url))
const BIN = path.join(DIST, 'bin.js')
if (!existsSync(BIN)) throw new Error('The command is not built: npm run build')

let folder: string
let close: () => Promise<void>
const children: ChildProcess[] = []
beforeEach(async () => ({ folder, close } = await newFolder()))
afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  await close()
})

interface Running {
  child: ChildProcess
  /** Everything it printed so far. */
  output: { out: string; err: string }
  /** The exit code, or the signal that ended it. */
  ended: Promise<number | string>
}

function start(args: string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', LATCHKEY_DATA: path.join(folder, 'data'), PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const output = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => (output.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output.err += chunk.toString()))
  const ended = once(child, 'close').then(([code, signal]: (number | string | null)[]) => code ?? signal ?? '')
  return { child, output, ended }
}

/** Starts a server and waits until it is ready. */
async function serving(env: Record<string, string> = {}): Promise<Running & { port: number }> {
  const running = start([BIN, 'serve'], env)
  const port = await until(() => Number(/ready at http:\/\/localhost:(\d+) /.exec(running.output.out)?.[1]), running)
  return { ...running, port }
}

/** Waits for a value that is not falsy; a server that ended will never have one. */
async function until<T>(value: () => T, { child, output }: Running): Promise<T> {
  for (;;) {
    const found = value()
    if (found) return found
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${output.out}${output.err}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Opens a sign-in whose body has not arrived, so that it is under way for as long as we like. */
async function requestUnderWay(port: number): Promise<{ finish(): void; answer: Promise<string> }> {
  const body = JSON.stringify({ user: 'nobody', password: 'nothing' })
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()))
  const answer = new Promise<string>(resolve => {
    socket.on('error', () => {})
    socket.on('close', () => resolve(received))
  })
  await once(socket, 'connect')
  socket.write(
    `POST /accounts/password/authenticate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
  )
  // The go-ahead shows that the server has the request in hand.
  while (!received.includes('100 Continue')) await once(socket, 'data')
  return { finish: () => socket.write(body), answer }
}

test('it starts, answers, and ends with 0 on SIGTERM and on SIGINT', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const began = performance.now()
    const server = await serving()
    expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200)
    console.log(`start to first answer: ${Math.round(performance.now() - began)} ms`)
    server.child.kill(signal)
    expect(await server.ended).toBe(EXIT.ok)
    expect(server.output.err).toBe('')
  }
})

test('where nobody looks on, every line of output is JSON', async () => {
  const server = await serving()
  server.child.kill('SIGTERM')
  await server.ended
  const lines = server.output.out.trimEnd().split('\n')
  const messages = lines.map(line => (JSON.parse(line) as { msg: string }).msg)
  expect(messages[0]).toContain('Latchkey is ready at')
  expect(messages.at(-1)).toBe('stopped')
})

test('for people it says where the page, the mailbox and the data are', async () => {
  const server = start([BIN, 'serve', '--log-format', 'pretty'])
  await until(() => server.output.out.includes('Ctrl-C'), server)
  expect(server.output.out).toMatch(/Home page +http:\/\/localhost:\d+\n/)
  expect(server.output.out).toMatch(/Mailbox +http:\/\/localhost:\d+\/dev\/mailbox {2}\(mail is caught here, nothing is sent\)/)
  expect(server.output.out).toContain(path.join(folder, 'data', 'latchkey.db'))
  server.child.kill('SIGTERM')
  expect(await server.ended).toBe(EXIT.ok)
})

test('a request under way is answered before the server ends', async () => {
  const server = await serving()
  const request = await requestUnderWay(server.port)
  // Twice at once, as Ctrl-C under npm does.
  server.child.kill('SIGINT')
  server.child.kill('SIGINT')
  await until(() => server.output.out.includes('finishing what is under way'), server)
  await expect(fetch(`http://127.0.0.1:${server.port}/healthz`)).rejects.toThrow('fetch failed')
  request.finish()
  expect(await request.answer).toMatch(/HTTP\/1\.1 400 [^]*Invalid credentials/)
  expect(await server.ended).toBe(EXIT.ok)
})

test('a request that never ends is given up after the shutdown timeout', async () => {
  const server = await serving({ LATCHKEY_SHUTDOWN_TIMEOUT: '100ms' })
  await requestUnderWay(server.port)
  server.child.kill('SIGTERM')
  expect(await server.ended).toBe(EXIT.ok)
})

test('a second signal, well after the first, ends it at once', async () => {
  const server = await serving({ LATCHKEY_SHUTDOWN_TIMEOUT: '10m' })
  await requestUnderWay(server.port)
  const again = setInterval(() => server.child.kill('SIGTERM'), 50)
  expect(await server.ended).toBe(EXIT.failed)
  clearInterval(again)
})

test('a port that is taken ends it with the way out', async () => {
  const first = await serving()
  const second = start([BIN, 'serve'], { PORT: String(first.port), LATCHKEY_DATA: path.join(folder, 'other') })
  expect(await second.ended).toBe(EXIT.failed)
  expect(second.output.err).toBe(
    `Port ${first.port} on 127.0.0.1 is in use by another program. Stop it, or take another port: PORT=${first.port + 1} (PORT=0 takes any free one)\n`,
  )
})

test('production without what it needs ends with the fixes', async () => {
  const server = start([BIN, 'serve'], { NODE_ENV: 'production', LATCHKEY_SECRET: 'SECRET', LATCHKEY_RATE_LIMITS: 'off' })
  expect(await server.ended).toBe(EXIT.configuration)
  for (const word of ['LATCHKEY_BASE_URL', 'SMTP_URL', 'npx latchkey secret', 'remove LATCHKEY_RATE_LIMITS=off'])
    expect(server.output.err).toContain(word)
})

test('two servers may share one SQLite file', async () => {
  const servers = await Promise.all([serving(), serving()])
  for (const { child } of servers) child.kill('SIGTERM')
  expect(await Promise.all(servers.map(({ ended }) => ended))).toEqual([EXIT.ok, EXIT.ok])
})

test('processes that start at once in an empty folder agree on one secret', async () => {
  const keep = `import(${JSON.stringify(path.join(DIST, 'data', 'secret.js'))}).then(({ keepSecret }) => keepSecret(${JSON.stringify(folder)})).then(secret => process.stdout.write(secret))`
  const racers = Array.from({ length: 6 }, () => start(['-e', keep]))
  expect(await Promise.all(racers.map(({ ended }) => ended))).toEqual([0, 0, 0, 0, 0, 0])
  expect(new Set(racers.map(({ output }) => output.out)).size).toBe(1)
  expect(await readdir(folder)).toEqual(['secret'])
})

test('a reader who stops reading is no failure', async () => {
  const help = start([BIN, 'serve', '--help'])
  help.child.stdout?.destroy()
  expect(await help.ended).toBe(EXIT.ok)
  expect(help.output.err).toBe('')
})
