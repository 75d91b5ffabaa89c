/** Sockets beside an app's own routes, in each host that runs on `node:http`: one line each. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { meteorWorld } from '../../testing/meteor-http.ts'
import { plug } from '../../testing/sockets.ts'
import type { Plug } from '../../testing/sockets.ts'
import { attachDdp, serve } from '../transports/node/index.ts'
import type { DdpServed } from '../transports/node/index.ts'
import { restTransport } from '../transports/rest/index.ts'

/** An app with `GET /mine`, and sockets on the same port. */
type Host = (ddp: DdpServed) => Promise<string>

function listen(server: Server): Promise<string> {
  return new Promise(resolve => {
    onTestFinished(() => void server.close())
    server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
}

const stopAfterwards = (attachment: { stop(): Promise<void> }): void => onTestFinished(() => attachment.stop())

const HOSTS: Record<string, Host> = {
  async Express(ddp) {
    const app = express().get('/mine', (_req, res) => void res.send('mine'))
    const server = createServer(app)
    const host = await listen(server)
    stopAfterwards(attachDdp(server, ddp))
    return host
  },
  async Fastify(ddp) {
    const app = Fastify().get('/mine', async () => 'mine')
    stopAfterwards(attachDdp(app.server, ddp))
    onTestFinished(() => app.close())
    return new URL(await app.listen({ port: 0, host: '127.0.0.1' })).host
  },
  async Hono(ddp) {
    const app = new Hono().get('/mine', context => context.text('mine'))
    const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
      const { status, body } = await app.fetch(new Request(`http://localhost${req.url}`, { method: req.method ?? 'GET' }))
      res.writeHead(status).end(await new Response(body).text())
    }
    const server = createServer((req, res) => void answer(req, res))
    stopAfterwards(attachDdp(server, ddp))
    return listen(server)
  },
  async 'our own server'(ddp) {
    const { accounts } = ddp.accountsServer as { accounts: Parameters<typeof restTransport>[0] }
    const other = (_req: unknown, res: { end(text: string): unknown }): boolean => Boolean(res.end('mine'))
    const running = await serve(restTransport(accounts), { port: 0, other })
    stopAfterwards(attachDdp(running.server, ddp))
    onTestFinished(() => running.close())
    return new URL(running.url).host
  },
}

describe.each(Object.entries(HOSTS))('Sockets in %s', (_name, host) => {
  test('stand beside the app’s own routes', async () => {
    const { ddp, ...world } = await meteorWorld()
    onTestFinished(() => world[Symbol.asyncDispose]())
    ddp.methods({ add: (one: number, other: number) => one + other })
    const at = await host(ddp)
    expect(await (await fetch(`http://${at}/mine`)).text()).toBe('mine')
    expect(await (await fetch(`http://${at}/sockjs/info`)).json()).toMatchObject({ websocket: true })
    const wire = await connected(`ws://${at}/websocket`)
    wire.ws.send('{"msg":"method","id":"1","method":"add","params":[1,2]}')
    await vi.waitFor(() => expect(wire.received).toContain('{"msg":"result","id":"1","result":3}'))
    wire.ws.close()
    await wire.closed
  })
})

describe('Meteor’s login cookie on a socket', () => {
  async function world(useHttpOnlyCookies: boolean) {
    const made = await meteorWorld({ useHttpOnlyCookies, siteUrl: 'http://localhost:3000' })
    onTestFinished(() => made[Symbol.asyncDispose]())
    const server = createServer()
    stopAfterwards(attachDdp(server, made.ddp))
    const at = await listen(server)
    made.ddp.methods({ whoAmI: () => made.accounts.userId() })
    return { ...made, open: (headers: Record<string, string>) => connected(`ws://${at}/websocket`, headers) }
  }
  const who = async (wire: Plug): Promise<unknown> => {
    wire.ws.send('{"msg":"method","id":"1","method":"whoAmI","params":[]}')
    const result = await vi.waitUntil(() => wire.received.find(message => message.includes('"msg":"result"')))
    return (JSON.parse(result) as { result: unknown }).result
  }

  test('signs it in before the first method, when a page of our own opened it', async () => {
    const { open, token, adaId } = await world(true)
    const cookie = `meteor_login_token=${await token()}`
    expect(await who(await open({ cookie, origin: 'http://localhost:3000' }))).toBe(adaId)
    expect(await who(await open({ cookie, origin: 'https://evil.example' }))).toBeNull()
    expect(await who(await open({ cookie }))).toBeNull()
  })

  test('counts for nothing while the option is off', async () => {
    const { open, token } = await world(false)
    expect(await who(await open({ cookie: `meteor_login_token=${await token()}`, origin: 'http://localhost:3000' }))).toBeNull()
  })

  test('that is good for nothing leaves a stranger, whose socket is open', async () => {
    const { open } = await world(true)
    expect(await who(await open({ cookie: `meteor_login_token=${'a'.repeat(43)}`, origin: 'http://localhost:3000' }))).toBeNull()
  })
})

async function connected(url: string, headers: Record<string, string> = {}): Promise<Plug> {
  const wire = await plug(url, headers)
  wire.ws.send('{"msg":"connect","version":"1","support":["1"]}')
  await vi.waitFor(() => expect(wire.received.join()).toContain('"msg":"connected"'))
  return wire
}
