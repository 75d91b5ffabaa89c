import { expect, onTestFinished, test } from 'vitest'
import { FAULTS, GOOD, tellStory } from '../testing/ddp-story.ts'
import { FakeDdpServer } from '../testing/fake-ddp-server.ts'
import type { Peer } from '../testing/fake-ddp-server.ts'
import { FaultyWire } from '../testing/faulty-wire.ts'

/** Messages of the story on a good wire, both ways. */
const MESSAGES = 16

test('the story goes well on a good wire, in as many messages as the table below has rows', async () => {
  const wire = await newWire()
  expect(await tellStory(wire.url)).toEqual(GOOD)
  // The goodbye may or may not have come by yet
  expect(wire.passed.filter(({ frame }) => !frame.includes('disconnect'))).toHaveLength(MESSAGES)
})

test.each(Object.keys(FAULTS).flatMap(name => Array.from({ length: MESSAGES }, (_, index) => ({ name, index }))))(
  'it ends the same, and nothing flickers, when the wire is $name message $index',
  async ({ name, index }) => {
    const wire = await newWire()
    FAULTS[name]?.(wire, index)
    expect(await tellStory(wire.url)).toEqual(GOOD)
  },
)

/** A server that forgets every session, behind a wire. */
async function newWire(): Promise<FaultyWire> {
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
  onTestFinished(async () => {
    await wire[Symbol.asyncDispose]()
    await listening[Symbol.asyncDispose]()
  })
  return wire
}
