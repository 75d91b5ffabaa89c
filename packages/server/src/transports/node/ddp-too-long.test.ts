import { expect, test, vi } from 'vitest'
import { parrot, plug, socketWorld } from '../../../testing/sockets.ts'
import { AccountsServer } from '../../accounts-server.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { silentLog } from '../../system.ts'
import { tellTooLong } from './ddp-too-long.ts'

test('whoever sends more than a server takes is in its log, over WebSocket and over SockJS', async () => {
  const warn = vi.fn<(facts: object, message: string) => void>()
  const accountsServer = new AccountsServer({ db: memoryStore(), tokenSecret: 'x'.repeat(32), log: { ...silentLog, warn } })
  const send = async (how: (host: string) => Promise<void>): Promise<void> => {
    warn.mockClear()
    await using world = await socketWorld(parrot({ accountsServer }), { maxFrameBytes: 100 })
    await how(world.host)
    expect(warn).toHaveBeenCalledExactlyOnceWith({ maxFrameBytes: 100 }, expect.stringContaining('refused'))
  }
  await send(async host => {
    for (const path of ['/websocket', '/sockjs/0/socket/websocket']) {
      const { ws, closed } = await plug(`ws://${host}${path}`)
      ws.send('x'.repeat(101))
      expect(await closed).toMatchObject({ code: 1009 })
    }
  })
  await send(async host => {
    const at = (transport: string): string => `http://${host}/sockjs/0/session/${transport}`
    await fetch(at('xhr'), { method: 'POST' })
    expect((await fetch(at('xhr_send'), { method: 'POST', body: 'x'.repeat(101) })).status).toBe(413)
  })
  await accountsServer.stop()
})

test('of a flood one line is written a minute', () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
  const warn = vi.fn<() => void>()
  const refused = tellTooLong(100, () => ({ warn }))
  for (const now of [0, 1, 59_999, 60_000, 60_001]) {
    clock.mockReturnValue(now)
    refused()
  }
  clock.mockRestore()
  expect(warn).toHaveBeenCalledTimes(2)
})
