import { expect, it, vi } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { silentLog } from '../../system.ts'
import { stillTime } from '../../testing/ddp-time.ts'
import { WireClient } from '../../testing/ddp-wire.ts'
import { DDPServer } from './index.ts'
import type { MethodInvocation, Publication } from './index.ts'
import { Load } from './load.ts'

const LIMITS = {
  maxKeptBytes: 20_000,
  maxKeptBytesPerAddress: 12_000,
  maxQueuedMessages: 2,
  maxSubscriptions: 3,
  maxMessageQueueLength: 3,
  maxFrameBytes: 8000,
}
const ADDRESSES = ['2001:db8::1', '192.0.2.1', '127.0.0.1', null]
const DEEDS = [
  'come',
  'come back',
  'hold',
  'echo',
  'sub',
  'unsub',
  'drop',
  'leave',
  'answer',
  'publish',
  'pile up',
  'turn',
  'wait',
] as const

const turn = (): Promise<void> => new Promise(setImmediate)

/** A server whose method goes on until it is released, and whose publications stop one another. */
function serve() {
  const time = stillTime()
  const server = new DDPServer({ log: silentLog, ports: time, ...LIMITS })
  const [held, published]: [(() => void)[], Publication[]] = [[], []]
  server.methods({
    async hold(this: MethodInvocation) {
      this.unblock()
      await new Promise<void>(resolve => held.push(resolve))
    },
    echo: (given: unknown) => given,
  })
  server.publish('news', function () {
    published.push(this)
    this.onStop(() => published.forEach(one => one.stop()))
    this.ready()
  })
  return { time, server, published, release: () => held.splice(0).forEach(resolve => resolve()) }
}

it('whatever clients do, all that is counted of them is given back once they are gone', async () => {
  const counted = vi.spyOn(Load.prototype, 'add')
  const step = fc.record({ deed: fc.constantFrom(...DEEDS), which: fc.nat(5), size: fc.nat(6000) })
  const steps = fc.array(step, { minLength: 10, maxLength: 60, size: 'max' })
  await fc.assert(
    fc.asyncProperty(steps, async story => {
      counted.mockClear()
      const { time, server, published, release } = serve()
      const clients: WireClient[] = []
      const come = (which: number, connect: object = { receivedCount: 0 }): void =>
        void clients.push(WireClient.connected(server, { clientAddress: ADDRESSES[which % ADDRESSES.length] ?? null }, connect))
      for (const [at, { deed, which, size }] of story.entries()) {
        const client = clients[which % Math.max(1, clients.length)]
        const params = ['x'.repeat(size)]
        if (deed === 'come' || !client) come(which)
        else if (deed === 'come back') {
          const greeting = client.all('connected').at(-1)
          come(which, { session: greeting?.['session'], resume: greeting?.['resume'], receivedCount: client.arrived.length })
        } else if (deed === 'hold' || deed === 'echo') client.say({ msg: 'method', id: `m${at}`, method: deed, params })
        else if (deed === 'sub') client.say({ msg: 'sub', id: `s${which}`, name: 'news', params })
        else if (deed === 'unsub') client.say({ msg: 'unsub', id: `s${which}` })
        else if (deed === 'drop') client.drop()
        else if (deed === 'leave') client.say({ msg: 'disconnect' })
        else if (deed === 'answer') release()
        else if (deed === 'publish') for (const one of published) one.added('news', String(at), { text: params[0] })
        else if (deed === 'pile up') client.buffered = size
        else if (deed === 'wait') time.pass(20_000)
        else await turn()
      }
      for (const client of clients) client.drop()
      time.pass(60_000)
      const left = (): number => counted.mock.calls.reduce((sum, [, size]) => sum + size, 0)
      for (let turns = 0; turns < 100 && left() !== 0; turns += 1) {
        release()
        await turn()
      }
      expect(left()).toBe(0)
    }),
  )
  counted.mockRestore()
})
