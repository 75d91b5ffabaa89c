import { DdpConnection } from '../ddp/index.ts'
import type { DdpConnectionOptions } from '../ddp/index.ts'
import { FakeDdpServer } from './fake-ddp-server.ts'
import { ManualTimers, settled } from './manual-timers.ts'

/** A server in memory, a clock that stands still, and a connection that is up. */
export interface DdpWorld extends Disposable {
  server: FakeDdpServer
  timers: ManualTimers
  connection: DdpConnection
}

export async function ddpWorld(prepare: (server: FakeDdpServer) => void = () => {}, options: DdpConnectionOptions = {}): Promise<DdpWorld> {
  const server = new FakeDdpServer()
  prepare(server)
  const timers = new ManualTimers()
  const connection = new DdpConnection('ws://server.test', { webSocket: server.webSocket, timers, ...options })
  await settled()
  return { server, timers, connection, [Symbol.dispose]: () => connection.close() }
}

/** For a call whose fate is not what the test is about. */
export const unwatched = (call: Promise<unknown>): void => void call.catch(() => {})
