/** Meteor's client on a server of a few lines, in memory. */
import { vi } from 'vitest'
import { AccountsClient, DDP } from '../meteor/index.ts'
import type { MeteorClientOptions } from '../meteor/index.ts'
import { FakeDdpServer } from './fake-ddp-server.ts'
import type { Peer } from './fake-ddp-server.ts'

/** Days from now, as it travels. */
export const inDays = (days: number): { $date: number } => ({ $date: Date.now() + days * 86_400_000 })

/** A server that signs everybody in as Ada, whose token is `token-1`, and publishes her. */
export function adasServer({ publishes = true } = {}): FakeDdpServer {
  const server = new FakeDdpServer()
  const signIn = (peer: Peer, type: string): object => {
    if (publishes) peer.send({ msg: 'added', collection: 'users', id: 'ada', fields: { username: 'ada' } })
    return { id: 'ada', token: 'token-1', tokenExpires: inDays(90), type }
  }
  server.publications['meteor.loginServiceConfiguration'] = () => ({})
  server.methods['login'] = (peer, _id, options) => {
    const { resume } = options as { resume?: string }
    if (resume !== undefined && !resume.startsWith('token-')) {
      throw {
        isClientSafe: true,
        error: 403,
        reason: "You've been logged out by the server. Please log in again.",
        errorType: 'Meteor.Error',
      }
    }
    return { ...signIn(peer, resume === undefined ? 'password' : 'resume'), ...(resume !== undefined && { token: resume }) }
  }
  server.methods['logout'] = peer => {
    if (publishes) peer.send({ msg: 'removed', collection: 'users', id: 'ada' })
    return undefined
  }
  return server
}

/** A client on such a server, whose name on the wire is `test.example`. */
export const clientOn = (server: FakeDdpServer, options: Omit<MeteorClientOptions, 'connection' | 'ddpUrl'> = {}): AccountsClient =>
  new AccountsClient({ ...options, connection: DDP.connect('http://test.example', { webSocket: server.webSocket }) })

/** A callback that remembers what it was told. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look at whatever it was told
export const spy = () => vi.fn<(...args: any[]) => void>()
