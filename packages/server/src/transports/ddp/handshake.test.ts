import { expect, test } from 'vitest'
import { WireClient } from '../../testing/ddp-wire.ts'
import { DDPServer } from './ddp-server.ts'

const server = new DDPServer()

test("the client's first version that the server speaks is picked, and a client that asked for another is told and closed", () => {
  const later = new WireClient(server)
  later.say({ msg: 'connect', version: 'pre9', support: ['pre9', 'pre2'] })
  expect(later.arrived).toEqual([{ msg: 'failed', version: 'pre2' }])
  expect(later.isClosed).toBe(true)

  const unknown = new WireClient(server)
  unknown.say({ msg: 'connect', version: '9', support: ['9'] })
  expect(unknown.frames).toEqual(['{"msg":"failed","version":"1"}'])
  expect(unknown.isClosed).toBe(true)

  for (const version of ['1', 'pre2', 'pre1']) {
    const client = new WireClient(server)
    client.say({ msg: 'connect', version, support: [version, '1'] })
    expect(client.frames).toHaveLength(1)
    expect(client.frames[0]).toMatch(/^\{"msg":"connected","session":"[2-9A-HJ-NP-TW-Za-km-z]{17}"\}$/)
  }
})

test.each([
  { msg: 'connect' },
  { msg: 'connect', version: 1, support: [1] },
  { msg: 'connect', version: '1', support: '1' },
  { msg: 'connect', version: '1', support: ['1', 2] },
  { msg: 'connect', version: '1', support: ['pre2'] },
  { msg: 'connect', version: '1', support: [] },
])('a connect that makes no sense is answered with the version to try: %j', message => {
  const client = new WireClient(server)
  client.say(message)
  expect(client.arrived).toEqual([{ msg: 'failed', version: '1' }])
  expect(client.isClosed).toBe(true)
})

test('what is no message is answered with an error that repeats it, and the connection goes on', async () => {
  const client = WireClient.connected(server)
  client.say({ msg: 'connect', version: '1', support: ['1'] })
  client.sayRaw('not json')
  client.say({ nomsg: 1 })
  client.say({ msg: 'bogus' })
  client.say({ msg: 'ping', id: 'x' })
  client.say({ msg: 'method', id: 1, method: 'm' })
  client.say({ msg: 'sub', id: 's' })
  client.say({ msg: 'unsub' })
  await client.until(({ offendingMessage }) => JSON.stringify(offendingMessage) === '{"msg":"unsub"}')
  expect(client.frames.slice(1)).toEqual([
    '{"msg":"error","reason":"Already connected","offendingMessage":{"msg":"connect","version":"1","support":["1"]}}',
    '{"msg":"error","reason":"Bad request"}',
    '{"msg":"error","reason":"Bad request","offendingMessage":{"nomsg":1}}',
    '{"msg":"error","reason":"Bad request","offendingMessage":{"msg":"bogus"}}',
    '{"msg":"pong","id":"x"}',
    '{"msg":"error","reason":"Malformed method invocation","offendingMessage":{"msg":"method","id":1,"method":"m"}}',
    '{"msg":"error","reason":"Malformed subscription","offendingMessage":{"msg":"sub","id":"s"}}',
    '{"msg":"error","reason":"Bad request","offendingMessage":{"msg":"unsub"}}',
  ])
  expect(client.isClosed).toBe(false)
})

test('nothing is answered before connect', () => {
  const client = new WireClient(server)
  client.say({ msg: 'method', id: '1', method: 'x', params: [] })
  expect(client.frames).toEqual([
    '{"msg":"error","reason":"Must connect first","offendingMessage":{"msg":"method","id":"1","method":"x","params":[]}}',
  ])
})

test.each([
  'null',
  '5',
  '"connect"',
  'true',
  '',
  '[]',
  '{"msg":5}',
  '{"msg":""}',
  '['.repeat(50_000),
  `{"msg":"x","a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
])('a frame that is no message of any kind is a bad request: %.40s', async frame => {
  const client = WireClient.connected(server)
  client.sayRaw(frame)
  expect(await client.until(({ msg }) => msg === 'error')).toMatchObject({ reason: 'Bad request' })
  expect(client.isClosed).toBe(false)
})

test('a message that is too large closes the connection', () => {
  const small = new DDPServer({ maxFrameBytes: 1000 })
  const client = WireClient.connected(small)
  client.say({ msg: 'method', id: '1', method: 'x', params: ['x'.repeat(1000)] })
  expect(client.isClosed).toBe(true)
  expect(client.arrived.at(-1)).toEqual({ msg: 'error', reason: 'Message too large' })
})

test('a server that was stopped closes its connections and takes no more', async () => {
  const stopped = new DDPServer()
  const [before, silent] = [WireClient.connected(stopped), new WireClient(stopped)]
  await stopped.stop()
  expect([before.isClosed, silent.isClosed]).toEqual([true, true])
  expect(WireClient.connected(stopped).isClosed).toBe(true)
})

test.each([{ heartbeatInterval: -1 }, { maxFrameBytes: 0 }, { handshakeTimeout: Number.NaN }, { hartbeatInterval: 5 }])(
  'an option that makes no sense is refused by its name: %j',
  options => {
    expect(() => new DDPServer(options)).toThrow(Object.keys(options)[0])
  },
)
