/** What tests of the standalone server need: a folder of their own, a server in it, and a way to ask it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { run } from '../src/cli/program.ts'
import { startStandalone } from '../src/index.ts'
import type { Config } from '../src/index.ts'
import type { RunningStandalone } from '../src/serve/standalone.ts'

/** A server in a folder of its own. Both go with `close`. */
export interface World extends RunningStandalone {
  data: string
  /** `http://127.0.0.1:<port>`: no name to look up. */
  base: string
  post(route: string, body: unknown, headers?: Record<string, string>): Promise<Response>
  get(route: string, headers?: Record<string, string>): Promise<Response>
  /** Runs a command on the data of this server. */
  cli(...args: string[]): Promise<Outcome>
  close: () => Promise<void>
}

/** A folder that is deleted with `close`. */
export async function newFolder(): Promise<{ folder: string; close: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'latchkey-'))
  return { folder, close: () => rm(folder, { recursive: true, force: true }) }
}

/** Starts a server on a free port. */
export async function newWorld(given: Partial<Config> = {}): Promise<World> {
  const { folder, close } = await newFolder()
  const data = path.join(folder, 'data')
  const server = await startStandalone({ port: 0, data, logLevel: 'silent', ...given })
  const base = `http://127.0.0.1:${server.port}`
  return {
    ...server,
    data,
    base,
    post: (route, body, headers = {}) =>
      fetch(`${base}${route}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }),
    get: (route, headers = {}) => fetch(`${base}${route}`, { headers, redirect: 'manual' }),
    cli: (...args) => cli([...args, '--data', data], given.databaseUrl ? { env: { DATABASE_URL: given.databaseUrl } } : {}),
    async close() {
      await server.stop()
      await close()
    },
  }
}

/** What a command left behind. */
export interface Outcome {
  code: number
  out: string
  err: string
  /** Standard output as JSON. */
  json: () => unknown
}

/** Runs a command in this process, with nobody at the terminal and nothing from the environment. */
export async function cli(
  args: string[],
  { env = {}, stdin = '', folder = '/' }: { env?: Record<string, string>; stdin?: string; folder?: string } = {},
): Promise<Outcome> {
  let out = ''
  let err = ''
  const code = await run(args, {
    out: text => void (out += text),
    err: text => void (err += text),
    stdin: Readable.from([stdin]),
    isInteractive: false,
    isTerminal: false,
    env,
    folder,
  })
  return { code, out, err, json: () => JSON.parse(out) as unknown }
}
