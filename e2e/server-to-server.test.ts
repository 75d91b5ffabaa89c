/** A process that is the client of another server: it stays signed in whatever happens to the wire and to that server. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { FaultyWire } from '../packages/client/src/testing/faulty-wire.ts'
import { post } from './support/call.ts'
import { until } from './support/meteor.ts'
import { command, dataFolder, startStandalone } from './support/standalone.ts'
import type { Standalone } from './support/standalone.ts'
import { PASSWORD } from './support/visitor.ts'

// Seven processes are started, one after the other.
const PATIENCE = { timeout: 120_000 }

const ROBOT = { username: 'robot', email: 'robot@example.org', password: PASSWORD }

test(
  'a process signs in to another server, stays so when the wire is cut, the server dies or is started anew, and signs out',
  PATIENCE,
  async () => {
    const data = await dataFolder()
    onTestFinished(() => data.remove())
    let server = await startStandalone(data.path)
    onTestFinished(async () => void (await server.stop()))
    await post(server.url, 'password/register', { user: ROBOT })
    await using wire = await FaultyWire.to(socketOf(server))
    // On another port: that of old may have been taken meanwhile.
    const again = async (): Promise<void> => {
      server = await startStandalone(data.path)
      wire.target = socketOf(server)
      wire.down = false
    }
    const client = upstreamClient(wire.url)
    onTestFinished(() => client.stop())

    await client.ask('login', 'robot', PASSWORD)
    const id = await client.ask('userId')
    expect(id).toEqual(expect.any(String))
    const comesBack = async (): Promise<void> => {
      expect(await client.ask('whoAmI')).toMatchObject({ username: 'robot' })
      expect([await client.ask('userId'), await client.ask('connected')]).toEqual([id, true])
    }
    await comesBack()

    wire.cut()
    await comesBack()

    wire.down = true
    await server.kill()
    await until(async () => (await client.ask('connected')) === false, 'the loss to be noticed')
    // Nobody is signed out because a server is away.
    expect(await client.ask('userId')).toBe(id)
    await again()
    await comesBack()

    wire.down = true
    expect(await server.stop()).toBe(0)
    await again()
    await comesBack()

    // All the while it was one session.
    expect(await sessions(data.path)).toBe(1)
    await client.ask('logout')
    expect([await client.ask('userId'), await client.ask('whoAmI')]).toEqual([null, null])
    expect(await sessions(data.path)).toBe(0)
  },
)

test('a process whose session the other server ends is signed out, and can sign in anew', PATIENCE, async () => {
  const data = await dataFolder()
  onTestFinished(() => data.remove())
  const server = await startStandalone(data.path)
  onTestFinished(async () => void (await server.stop()))
  await post(server.url, 'password/register', { user: ROBOT })
  const client = upstreamClient(server.url)
  onTestFinished(() => client.stop())
  await client.ask('login', 'robot', PASSWORD)
  expect(await command(data.path, ['user', 'revoke', ROBOT.email, '--json'])).toMatchObject({ code: 0 })
  await until(async () => (await client.ask('userId')) === null, 'the sign-out')
  expect(await client.ask('whoAmI')).toBeNull()
  await client.ask('login', 'robot', PASSWORD)
  expect(await client.ask('whoAmI')).toMatchObject({ username: 'robot' })
})

const socketOf = ({ url }: Standalone): string => `${url.replace('http', 'ws')}/websocket`

/** The sessions of the one user there is, as the command line counts them. */
async function sessions(data: string): Promise<number> {
  const { out } = await command(data, ['user', 'show', ROBOT.email, '--json'])
  return (JSON.parse(out) as { sessions: number }).sessions
}

interface Told {
  id: number
  result?: unknown
  error?: string
}

/** The process. */
function upstreamClient(url: string): { ask: (deed: string, ...args: string[]) => Promise<unknown>; stop: () => Promise<void> } {
  // Its `execArgv` would be this worker's, and with it our sources: what is proven here is what is published.
  const child = fork(fileURLToPath(new URL('./support/upstream-client.mjs', import.meta.url)), [url], { execArgv: [] })
  const asked = new Map<number, (told: Told) => void>()
  child.on('message', (told: Told) => asked.get(told.id)?.(told))
  let count = 0
  const ask = async (deed: string, ...args: string[]): Promise<unknown> => {
    const id = (count += 1)
    const told = new Promise<Told>(resolve => asked.set(id, resolve))
    child.send({ id, deed, args })
    const { result, error } = await told
    if (error !== undefined) throw new Error(error)
    return result
  }
  return {
    ask,
    async stop() {
      if (child.exitCode !== null) return
      const gone = once(child, 'exit')
      child.send('stop')
      expect(await gone).toEqual([0, null])
    },
  }
}
