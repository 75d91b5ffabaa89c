import { expect, test } from 'vitest'
import { FAULTS, GOOD, LATE, SOON, tellStory } from '../testing/ddp-story.ts'
import { FakeDdpServer } from '../testing/fake-ddp-server.ts'
import type { Peer } from '../testing/fake-ddp-server.ts'
import { FaultyWire } from '../testing/faulty-wire.ts'

/** Messages of the story on a good wire, both ways. */
const MESSAGES = 16

test('the story goes well on a good wire, in as many messages as the table below has rows', async () => {
  await using world = await newWorld()
  const { wire } = world
  expect(await tellStory(wire.url, LATE)).toEqual(GOOD)
  // The goodbye may or may not have come by yet
  expect(wire.passed.filter(({ frame }) => !frame.includes('disconnect'))).toHaveLength(MESSAGES)
})

// Each has a world of its own, and mostly waits
test.concurrent.for(Object.keys(FAULTS).flatMap(name => Array.from({ length: MESSAGES }, (_, index) => ({ name, index }))))(
  'it ends the same, and nothing flickers, when the wire is $name message $index',
  async ({ name, index }, { expect }) => {
    await using world = await newWorld()
    FAULTS[name]?.(world.wire, index)
    expect(await tellStory(world.wire.url, SOON)).toEqual(GOOD)
  },
)

/** A server that forgets every session, behind a wire. */
async function newWorld(): Promise<{ wire: FaultyWire } & AsyncDisposable> {
  const server = new FakeDdpServer()
  const tasks = new Set(['milk'])
  const users = new Map<Peer, string>()
  server.publications['tasks'] = () => ({ tasks: Object.fromEntries([...tasks].map(id => [id, {}])) })
  server.methods['login'] = (peer, _id, name) => {
    users.set(peer, String(name))
    peer.send({ msg: 'added', collection: 'users', id: String(name) })
    return name
  }
  server.methods['tasks.add'] = (peer, _id, id) => {
    tasks.add(String(id))
    peer.send({ msg: 'added', collection: 'tasks', id })
    return id
  }
  server.methods['whoami'] = peer => users.get(peer) ?? null
  const listening = await server.listen()
  const wire = await FaultyWire.to(listening.url)
  return {
    wire,
    async [Symbol.asyncDispose]() {
      await wire[Symbol.asyncDispose]()
      await listening[Symbol.asyncDispose]()
    },
  }
}
