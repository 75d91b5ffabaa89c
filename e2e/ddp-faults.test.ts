import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DDP } from '@latchkey/client/ddp'
import { DDPServer } from '@latchkey/server/ddp'
import type { Publication } from '@latchkey/server/ddp'
import { attachDdp } from '@latchkey/server/node'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FAULTS, GOOD, LATE, SOON, tellStory } from '../packages/client/src/testing/ddp-story.ts'
import { FaultyWire } from '../packages/client/src/testing/faulty-wire.ts'

/** More than the story has messages on a good wire. */
const MESSAGES = 17

describe.each([
  { server: 'keeps sessions for clients that come back', disconnectGracePeriod: 15_000, cut: 'ada' },
  { server: 'forgets them', disconnectGracePeriod: 0, cut: null },
])('a server that $server', ({ disconnectGracePeriod, cut }) => {
  test('tells the story well on a good wire', async () => {
    await using world = await newWorld(disconnectGracePeriod)
    expect(await tellStory(world.wire.url, LATE)).toEqual(GOOD)
    expect(world.wire.passed.length).toBeLessThanOrEqual(MESSAGES)
  })

  test(`after a cut, a connection that does not sign in again belongs to ${cut ?? 'nobody'}`, async () => {
    await using world = await newWorld(disconnectGracePeriod)
    const connection = DDP.connect(world.wire.url)
    onTestFinished(() => connection.close())
    await connection.call('login', 'ada')
    world.wire.cut()
    expect([await connection.call('whoami'), world.wire.connections]).toEqual([cut, 2])
  })

  // Each has a world of its own, and mostly waits
  test.concurrent.for(Object.keys(FAULTS).flatMap(name => Array.from({ length: MESSAGES }, (_, index) => ({ name, index }))))(
    'ends it the same when the wire is $name message $index, and runs nothing twice in one session',
    async ({ name, index }, { expect }) => {
      await using world = await newWorld(disconnectGracePeriod)
      FAULTS[name]?.(world.wire, index)
      expect(await tellStory(world.wire.url, SOON)).toEqual(GOOD)
      expect(world.additions).toHaveLength(new Set(world.additions).size)
    },
  )
})

interface World extends AsyncDisposable {
  wire: FaultyWire
  /** The session of each call that added a task. */
  additions: (string | undefined)[]
}

/** Our server, behind a wire that fails. */
async function newWorld(disconnectGracePeriod: number): Promise<World> {
  const ddp = new DDPServer({ disconnectGracePeriod })
  const tasks = new Set(['milk'])
  const readers = new Set<Publication>()
  const additions: (string | undefined)[] = []
  ddp.publish('tasks', function (this: Publication) {
    for (const id of tasks) this.added('tasks', id, {})
    readers.add(this)
    this.onStop(() => void readers.delete(this))
    this.ready()
  })
  ddp.publish(null, function (this: Publication) {
    if (this.userId) this.added('users', this.userId, {})
    this.ready()
  })
  ddp.methods({
    async login(name: string) {
      await this.setUserId(name)
      return name
    },
    'tasks.add'(id: string) {
      additions.push(this.connection?.id)
      if (!tasks.has(id)) for (const reader of readers) reader.added('tasks', id, {})
      tasks.add(id)
      return id
    },
    whoami() {
      return this.userId
    },
  })
  const server = createServer()
  const attached = attachDdp(server, ddp)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const wire = await FaultyWire.to(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/websocket`)
  return {
    wire,
    additions,
    async [Symbol.asyncDispose]() {
      await wire[Symbol.asyncDispose]()
      await attached.stop()
      await ddp.stop()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
