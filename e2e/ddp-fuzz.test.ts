import { expect, test } from 'vitest'
import { DdpClient } from '../bench/ddp-client.ts'
import { makeFrames } from '../bench/sockets/frames.ts'
import { startMeteor } from './support/meteor.ts'

const CLIENTS = 8
const BURST = 25
const FRAMES = 2000

/** Meteor has this one refusal of that number. */
const NO_SECRET = 'The user does not have a secret generated. You may have to call the function generateSvgCode first.'

// `bench` sends a hundred thousand of them.
test(
  'whatever is sent to the methods of accounts, no visitor causes an internal error, and the server goes on',
  { timeout: 180_000 },
  async () => {
    const failures: string[] = []
    const log = { debug() {}, info() {}, warn() {}, error: (_fields: object, message: string) => void failures.push(message) }
    await using server = await startMeteor({ log }, { ddp: { log } })
    for (let n = 0; n < 20; n += 1)
      await server.accounts.accounts.createUser({
        username: `user-${n}`,
        email: `user-${n}@example.org`,
        password: 'correct horse battery staple',
      })
    let signedIn = 0
    const port = Number(new URL(server.url).port)
    const frames = makeFrames(7)
    const internal: unknown[] = []
    let sent = 0
    const visit = async (): Promise<void> => {
      while (sent < FRAMES) {
        const client = await DdpClient.open(port)
        client.onMessage = message => {
          frames.learn(message)
          if (message.id === 'in' && message.result) signedIn += 1
          if (message.error?.error === 500 && message.error.reason !== NO_SECRET) internal.push(message)
        }
        await client.connect()
        client.send(frames.login())
        for (let burst = 0; burst < 4 && !client.isClosed; burst += 1) {
          for (let n = 0; n < BURST; n += 1) client.send(frames.next())
          sent += BURST
          await client.settled()
        }
        client.drop()
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, visit))
    // Many were somebody: what only they may call was reached.
    expect(signedIn).toBeGreaterThan(5)
    expect(internal).toEqual([])
    expect(failures).toEqual([])
    await server.createUser('the-last')
    const last = await DdpClient.connected(port)
    await last.succeed('login', { user: { username: 'the-last' }, password: 'correct horse battery' })
    await last.close()
  },
)
