import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { FakeDdpServer, LATER } from '../testing/fake-ddp-server.ts'
import type { Peer } from '../testing/fake-ddp-server.ts'
import { FakePage, FakeStorage } from '../testing/fake-page.ts'
import { clientOn, inDays } from '../testing/meteor-fake.ts'
import type { AccountsClient } from './index.ts'

const TOKEN = 'Meteor.loginToken:http://test.example'

/** Two tabs of one browser. */
interface Tab {
  page: FakePage
  client: AccountsClient
}

/** A server with many users, whose tokens are `token-<name>-<number>`; it answers after so many milliseconds. */
function crowd(latency: (peer: Peer) => number = () => 20): FakeDdpServer {
  const server = new FakeDdpServer()
  const alive = new Set<string>()
  const tokens = new Map<Peer, string>()
  let made = 0
  server.publications['meteor.loginServiceConfiguration'] = () => ({})
  server.methods['login'] = (peer, id, options) => {
    const { resume, user } = options as { resume?: string; user?: { username: string } }
    const name = user?.username ?? nameIn(resume ?? '')
    setTimeout(() => {
      if (resume !== undefined && !alive.has(resume)) {
        peer.send({ msg: 'updated', methods: [id] })
        peer.send({ msg: 'result', id, error: { error: 403, reason: 'You have been logged out', errorType: 'Meteor.Error' } })
        return
      }
      const token = resume ?? `token-${name}-${++made}`
      alive.add(token)
      tokens.set(peer, token)
      if (peer.userId) peer.send({ msg: 'removed', collection: 'users', id: peer.userId })
      peer.userId = name
      peer.send({ msg: 'added', collection: 'users', id: name, fields: { username: name } })
      peer.answer(id, { id: name, token, tokenExpires: inDays(90) })
    }, latency(peer))
    return LATER
  }
  server.methods['logout'] = (peer, id) => {
    setTimeout(() => {
      if (peer.userId) {
        alive.delete(tokens.get(peer) ?? '')
        peer.send({ msg: 'removed', collection: 'users', id: peer.userId })
      }
      peer.userId = null
      peer.answer(id, undefined)
    }, latency(peer))
    return LATER
  }
  return server
}

const nameIn = (token: string): string => token.split('-')[1] ?? ''

const open: AccountsClient[] = []
const tabs: Tab[] = []

/** A storage that tells the other tabs what one of them wrote, a little later, as browsers do. */
class SharedStorage extends FakeStorage {
  override setItem(key: string, value: string): void {
    const isNew = this.kept.get(key) !== value
    super.setItem(key, value)
    if (isNew) this.#tell(key)
  }

  override removeItem(key: string): void {
    const was = this.kept.has(key)
    super.removeItem(key)
    if (was) this.#tell(key)
  }

  #tell(key: string): void {
    for (const { page } of tabs) setTimeout(() => page.storageEvent(key), 1)
  }
}

function newTab(server: FakeDdpServer, storage: FakeStorage): Tab {
  const page = new FakePage('', storage)
  vi.stubGlobal('window', page.window)
  const client = clientOn(server)
  open.push(client)
  const tab = { page, client }
  tabs.push(tab)
  return tab
}

const logins = (server: FakeDdpServer): number => server.peers.flatMap(peer => peer.heard).filter(({ method }) => method === 'login').length

const pass = (milliseconds = 200): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds)

beforeEach(() => vi.useFakeTimers())
afterEach(() => {
  for (const client of open.splice(0)) {
    client.close()
    client.connection.close()
  }
  tabs.splice(0)
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test.each([
  [20, 20],
  [20, 30],
  [20, 45],
  [60, 20],
])('two tabs that sign in as two users at once, served in %i and %i ms, end as one of them, and rest', async (one, other) => {
  const storage = new SharedStorage()
  const server = crowd(peer => (peer === server.peers[0] ? one : other))
  const [ada, bob] = [newTab(server, storage), newTab(server, storage)]
  await pass()
  ada.client.loginWithPassword('ada', 'a password', () => {})
  bob.client.loginWithPassword('bob', 'a password', () => {})
  await pass(20_000)
  const before = logins(server)
  await pass(60_000)
  expect(logins(server)).toBe(before)
  expect(before).toBeLessThan(8)
  const who = nameIn(storage.getItem(TOKEN) ?? '')
  expect([ada.client.userId(), bob.client.userId()]).toEqual([who, who])
})

test('whatever tabs do at once: in the end all show whom the storage names, with a token that is alive, and rest', async () => {
  const act = fc.record({ tab: fc.nat(2), at: fc.nat(300), do: fc.constantFrom('ada', 'bob', 'eve', 'logout', 'cut') })
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 20 }),
      async (acts, latencies) => {
        let asked = 0
        const storage = new SharedStorage()
        const server = crowd(() => latencies[asked++ % latencies.length] ?? 1)
        tabs.splice(0)
        const three = [0, 1, 2].map(() => newTab(server, storage))
        await pass(50)
        for (const { tab, at, do: what } of acts) {
          setTimeout(() => {
            const { client } = three[tab] as Tab
            if (what === 'cut') for (const peer of server.peers) peer.close()
            else if (what === 'logout') client.logout(() => {})
            else client.loginWithPassword(what, 'a password', () => {})
          }, at)
        }
        await pass(20_000)
        const before = logins(server)
        await pass(10_000)
        const now = logins(server)
        const token = storage.getItem(TOKEN)
        const said = three.map(({ client }) => client.userId())
        for (const { client } of three) {
          client.close()
          client.connection.close()
        }
        expect(now).toBe(before)
        expect(said).toEqual(said.map(() => (token === null ? null : nameIn(token))))
      },
    ),
    { numRuns: 60 },
  )
})
