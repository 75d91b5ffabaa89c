import { describe, expect, it } from 'vitest'
import { silentLog } from '../../system.ts'
import { stillTime } from '../../testing/ddp-time.ts'
import { WireClient } from '../../testing/ddp-wire.ts'
import { DDPServer } from './index.ts'
import type { DDPServerOptions, MethodInvocation } from './index.ts'
import { Load } from './load.ts'
import { Parked } from './parked.ts'

const KIB = 1024
const [HERE, SAME_NET, ELSEWHERE] = ['2001:db8::1', '2001:db8::2', '192.0.2.1']

/** A server whose method `hold` goes on until it is released, and lets further ones begin. */
function serving(options: DDPServerOptions): { server: DDPServer; release: () => void; client: (address: string | null) => WireClient } {
  const server = new DDPServer({ log: silentLog, ...options })
  let release = (): void => {}
  const held = new Promise<void>(resolve => (release = resolve))
  server.methods({
    async hold(this: MethodInvocation) {
      this.unblock()
      await held
    },
    echo: (given: unknown) => given,
  })
  server.publish('rooms', function () {
    this.ready()
  })
  return {
    server,
    release: () => release(),
    client: clientAddress => WireClient.connected(server, { clientAddress }, { receivedCount: 0 }),
  }
}

/** Sends a message of some 10 KiB, and tells whether the client is still there. */
const say = (client: WireClient, id: string, message: object): boolean => {
  client.say({ id, ...message, params: ['x'.repeat(10 * KIB)] })
  return !client.isClosed
}
const hold = (client: WireClient, id = 'm'): boolean => say(client, id, { msg: 'method', method: 'hold' })
const works = async (client: WireClient): Promise<void> => {
  expect((await client.call('works', 'echo', 'x'.repeat(5 * KIB)))['error']).toBeUndefined()
}

describe('what is kept for clients', () => {
  it.each([
    ['of one address', { maxKeptBytesPerAddress: 25 * KIB }, SAME_NET, ELSEWHERE],
    ['in all', { maxKeptBytes: 25 * KIB }, ELSEWHERE, null],
  ])('while their messages are answered has a bound %s, and is given back', async (_, limits, second, other) => {
    const { client, release } = serving(limits)
    const [one, two, three] = [client(HERE), client(HERE), client(second)]
    expect([hold(one), hold(two), hold(three)]).toEqual([true, true, false])
    if (other !== null) await works(client(other))
    release()
    await one.until(({ msg }) => msg === 'result')
    await two.until(({ msg }) => msg === 'result')
    await works(client(second))
  })

  it('is not counted by an address of this machine, which may be a proxy', () => {
    const { client } = serving({ maxKeptBytesPerAddress: 15 * KIB })
    expect([hold(client('127.0.0.1')), hold(client('127.0.0.1')), hold(client(null))]).toEqual([true, true, true])
  })

  it('is still counted after its client is gone, for as long as the method runs', async () => {
    const { client, release } = serving({ maxKeptBytesPerAddress: 25 * KIB })
    for (const one of [client(HERE), client(HERE)]) {
      expect(hold(one)).toBe(true)
      one.say({ msg: 'disconnect' })
    }
    expect(hold(client(HERE))).toBe(false)
    release()
    await expect.poll(() => hold(client(HERE))).toBe(true)
  })

  it('is given back when a client sends more than may wait', async () => {
    const { client, release } = serving({ maxKeptBytesPerAddress: 45 * KIB, maxQueuedMessages: 1 })
    release()
    for (let n = 0; n < 3; n++) {
      const flood = client(HERE)
      expect([hold(flood, '1'), hold(flood, '2'), hold(flood, '3')]).toEqual([true, true, false])
      await works(client(ELSEWHERE))
    }
    expect([hold(client(HERE)), hold(client(HERE)), hold(client(HERE)), hold(client(HERE))]).toEqual([true, true, true, true])
  })

  it('is given back once, whatever listeners of its end still stop', async () => {
    const { client, server } = serving({ maxKeptBytesPerAddress: 35 * KIB })
    const others: { stop(): void }[] = []
    server.publish('both', function () {
      others.push(this)
      this.onStop(() => others.forEach(other => other.stop()))
      this.ready()
    })
    const one = client(HERE)
    for (const id of ['a', 'b']) {
      say(one, id, { msg: 'sub', name: 'both' })
      await one.until(({ msg, ...rest }) => msg === 'ready' && JSON.stringify(rest['subs']) === `["${id}"]`)
    }
    one.say({ msg: 'disconnect' })
    const held = ['1', '2', '3', '4'].map(() => hold(client(HERE)))
    expect(held).toEqual([true, true, true, false])
  })

  it('of subscriptions is refused where it is too much, and given back when they end', async () => {
    const { client } = serving({ maxKeptBytesPerAddress: 35 * KIB })
    const subscribe = async (on: WireClient, id: string): Promise<string> => {
      say(on, id, { msg: 'sub', name: 'rooms' })
      return (await on.until(({ msg, ...rest }) => (msg === 'nosub' ? rest['id'] === id : JSON.stringify(rest['subs']) === `["${id}"]`)))
        .msg
    }
    const [one, two] = [client(HERE), client(SAME_NET)]
    expect(await subscribe(one, 'a')).toBe('ready')
    expect(await subscribe(two, 'b')).toBe('ready')
    const refused = client(HERE)
    expect(await subscribe(refused, 'c')).toBe('nosub')
    expect(refused.all('nosub')).toMatchObject([{ error: { error: 'too-many-requests' } }])
    await works(refused)
    one.say({ msg: 'unsub', id: 'a' })
    two.say({ msg: 'disconnect' })
    await one.until(({ msg }) => msg === 'nosub')
    expect(await subscribe(one, 'd')).toBe('ready')
    await works(one)
  })

  it('because they do not read closes whoever adds to it, and is looked at anew before that', async () => {
    const { client } = serving({ maxKeptBytesPerAddress: 25 * KIB, heartbeatInterval: 0 })
    const [slow, slower, good] = [client(HERE), client(HERE), client(HERE)]
    slow.buffered = 15 * KIB
    await works(slow)
    // Nothing tells that it has read meanwhile.
    slow.buffered = 0
    slower.buffered = 15 * KIB
    await works(slower)
    slow.buffered = 15 * KIB
    slow.say({ msg: 'ping' })
    expect([slow.isClosed, slower.isClosed]).toEqual([true, false])
    await works(good)
  })

  it('while they are away has the same bound', async () => {
    const time = stillTime()
    const { client, server } = serving({ maxKeptBytesPerAddress: 25 * KIB, ports: time })
    const names = ['one', 'two', 'three']
    const ended: string[] = []
    const send: (() => void)[] = []
    server.publish('news', function (name: unknown) {
      this.connection.onClose(() => ended.push(String(name)))
      send.push(() => this.added('news', 'id', { text: 'x'.repeat(10 * KIB) }))
      this.ready()
    })
    for (const name of names) {
      const one = client(HERE)
      one.say({ msg: 'sub', id: name, name: 'news', params: [name] })
      await one.until(({ msg }) => msg === 'ready')
      one.drop()
    }
    for (const tell of send) tell()
    expect(ended).toEqual(['three'])
    time.pass(20_000)
    expect(ended).toEqual(['three', 'one', 'two'])
    await works(client(HERE))
  })
})

it('all who do not read are looked at in one go, however many they are', () => {
  const load = new Load({ maxKeptBytes: 50_000, maxKeptBytesPerAddress: 1 })
  let unread = 1
  const shares = Array.from({ length: 50_000 }, () => load.share(null, () => unread))
  expect(shares.every(share => share.look())).toBe(true)
  unread = 2
  expect(shares[0]?.take(1)).toBe(false)
  unread = 0
  expect(shares[0]?.take(1)).toBe(true)
})

it('of the sessions that wait for their clients those of one address push out their like', () => {
  const parked = new Parked()
  const closed: string[] = []
  const park = (name: string, clientAddress: string | null): void => {
    const session = {
      facts: { clientAddress },
      close: () => {
        closed.push(name)
        parked.delete(session)
      },
    }
    parked.add(session)
  }
  park('elsewhere', ELSEWHERE)
  for (let n = 0; n < 1002; n++) park(`here ${n}`, n % 2 === 0 ? HERE : SAME_NET)
  expect(closed).toEqual(['here 0', 'here 1'])
  for (let n = 0; n < 9000; n++) park(`unknown ${n}`, null)
  expect(closed.slice(2)).toEqual(['elsewhere'])
  expect(parked.size).toBe(10_000)
})
