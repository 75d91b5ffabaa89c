/** What a new client and its server say to each other, over a real socket. */
import { expect, onTestFinished, test } from 'vitest'
import { PASSWORD, startMeteor, until } from '../../e2e/support/meteor.ts'
import { FaultyWire } from '../../packages/client/src/testing/faulty-wire.ts'

test('a new client says connect, its login and its subscription, and is answered connected, updated, result and ready', async () => {
  await using server = await startMeteor()
  await server.createUser()
  const wire = await FaultyWire.to(`${server.url.replace('http', 'ws')}/websocket`)
  onTestFinished(() => wire[Symbol.asyncDispose]())
  const client = server.client({ ddpUrl: wire.url })
  await client.loginWithPassword('ada', PASSWORD)
  await until(() => client.loginServicesConfigured(), 'the subscription')
  const said = (by: 'client' | 'server'): unknown[] =>
    wire.passed.filter(({ from }) => from === by).map(({ frame }) => (JSON.parse(frame) as { msg: unknown }).msg)
  expect(said('client')).toEqual(['connect', 'method', 'sub'])
  expect(said('server').filter(msg => msg !== 'added')).toEqual(['connected', 'updated', 'result', 'ready'])
})
