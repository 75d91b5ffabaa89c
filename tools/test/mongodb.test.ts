import { createConnection } from 'node:net'
import { describe, expect, test } from 'vitest'
import { hasMongo, startMongo } from './mongodb.ts'

// One that was named stays up.
describe.skipIf(!hasMongo || process.env['LATCHKEY_TEST_MONGODB'])('MongoDB for tests', () => {
  test('answers until it is stopped', { timeout: 60_000 }, async () => {
    const mongo = await startMongo()
    const { hostname, port } = new URL(mongo.url)
    expect(await connects(hostname, Number(port))).toBe(true)
    await mongo.stop()
    expect(await connects(hostname, Number(port))).toBe(false)
  })
})

function connects(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(port, host)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
