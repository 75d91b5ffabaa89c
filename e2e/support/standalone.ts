/** The built standalone server, as an operator starts it: a process of its own. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../packages/latchkey/dist/bin.js', import.meta.url))

/** A server in a process of its own. */
export interface Standalone {
  url: string
  pid: number
  /** SIGKILL: no chance to finish anything. */
  kill(): Promise<void>
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>
}

/** A data folder that is thrown away. */
export async function dataFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'latchkey-standalone-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Starts it and waits until it says where it is. */
export async function startStandalone(data: string, env: NodeJS.ProcessEnv = {}): Promise<Standalone> {
  const child = spawn(process.execPath, [BIN, 'serve', '--json'], { env: environment(data, env), stdio: ['ignore', 'pipe', 'pipe'] })
  const url = await addressOf(child)
  return {
    url,
    pid: child.pid ?? 0,
    kill: async () => void (await end(child, 'SIGKILL')),
    stop: () => end(child, 'SIGTERM'),
  }
}

/** Runs a command and answers what it printed and how it ended. */
export async function command(
  data: string,
  args: readonly string[],
  { env = {}, input = '' }: { env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [BIN, ...args], { env: environment(data, env), stdio: ['pipe', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', chunk => (out += chunk))
  child.stderr.on('data', chunk => (err += chunk))
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, err }
}

function environment(data: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], PORT: '0', LATCHKEY_DATA: data, LATCHKEY_RATE_LIMITS: 'off', ...env }
}

async function addressOf(child: ChildProcess): Promise<string> {
  let printed = ''
  const found = new Promise<string>(resolve => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', chunk => {
        printed += chunk
        const url = /ready at (http:\S+)/.exec(printed)?.[1]
        if (url) resolve(url)
      })
    }
  })
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`the server ended with ${code}:\n${printed}`)
  })
  return Promise.race([found, gone])
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal)
    await once(child, 'exit')
  }
  return child.exitCode
}
