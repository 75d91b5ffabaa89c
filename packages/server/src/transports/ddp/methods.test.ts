import { AccountsError } from '@latchkey/common'
import { expect, test, vi } from 'vitest'
import type { Log } from '../../core/ports.ts'
import { WireClient } from '../../testing/ddp-wire.ts'
import { currentInvocation } from '../../wire/invocation.ts'
import { DDPServer, MeteorError } from './index.ts'
import type { DDPServerOptions, MethodHandler, MethodInvocation } from './index.ts'

function serving(methods: Record<string, MethodHandler>, options: DDPServerOptions = {}): DDPServer {
  const server = new DDPServer(options)
  server.methods(methods)
  return server
}

const INTERNAL = {
  isClientSafe: true,
  error: 500,
  reason: 'Internal server error',
  message: 'Internal server error [500]',
  errorType: 'Meteor.Error',
}

/** A log that keeps what it is told. */
function kept(): Log & { lines: string[] } {
  const lines: string[] = []
  const keep = (fields: object, message: string): void =>
    void lines.push(`${message} ${JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? value.message : value))}`)
  return { lines, debug: keep, info: keep, warn: keep, error: keep }
}

test('a method answers updated, then its result; one that returns nothing has a result without a value', async () => {
  const client = WireClient.connected(serving({ add: (one: number, other: number) => one + other, nothing() {} }))
  client.say({ msg: 'method', id: '1', method: 'add', params: [1, 2] })
  client.say({ msg: 'method', id: '2', method: 'nothing' })
  await client.until(({ msg, id }) => msg === 'result' && id === '2')
  expect(client.frames.slice(1)).toEqual([
    '{"msg":"updated","methods":["1"]}',
    '{"msg":"result","id":"1","result":3}',
    '{"msg":"updated","methods":["2"]}',
    '{"msg":"result","id":"2"}',
  ])
})

test('an unknown method is answered first with the error, then with updated', async () => {
  const client = WireClient.connected(serving({}))
  await client.call('1', 'x')
  expect(client.frames.slice(1)).toEqual([
    `{"msg":"result","id":"1","error":{"isClientSafe":true,"error":404,"reason":"Method 'x' not found","message":"Method 'x' not found [404]","errorType":"Meteor.Error"}}`,
    '{"msg":"updated","methods":["1"]}',
  ])
})

test('an error for clients passes as it is, every other becomes an internal one, and the log is told without the parameters', async () => {
  const log = kept()
  const server = serving(
    {
      safe() {
        throw new MeteorError('too-young', 'Come back later', { years: 1 })
      },
      bare() {
        throw new MeteorError(403)
      },
      unsafe() {
        throw new Error('the database is at db.internal')
      },
      sanitized() {
        throw Object.assign(new Error('expected a string at user.name'), { sanitizedError: new MeteorError(400, 'Match failed') })
      },
      foreign() {
        throw Object.assign(new Error('x'), { errorType: 'Meteor.Error', error: 'of-meteor', reason: 'Made elsewhere' })
      },
      own() {
        throw Object.assign(new Error('The card was declined'), { isClientSafe: true, error: 'declined' })
      },
      ours() {
        throw new AccountsError('TooManyAttempts', { retryAfter: 4 })
      },
      broken() {
        throw new AccountsError('SchemaOutdated', { detail: 'column x' })
      },
      // Apps do
      text() {
        throw 'just text'
      },
      async rejects() {
        throw new MeteorError('late')
      },
      unsendable: () => 5n,
    },
    { log },
  )
  const client = WireClient.connected(server)
  const errorOf = async (method: string): Promise<unknown> => (await client.call(method, method, 'secret parameter'))['error']
  expect(JSON.stringify(await errorOf('safe'))).toBe(
    '{"isClientSafe":true,"error":"too-young","reason":"Come back later","details":{"years":1},"message":"Come back later [too-young]","errorType":"Meteor.Error"}',
  )
  expect(JSON.stringify(await errorOf('bare'))).toBe('{"isClientSafe":true,"error":403,"message":"[403]","errorType":"Meteor.Error"}')
  expect(await errorOf('foreign')).toMatchObject({ error: 'of-meteor', reason: 'Made elsewhere' })
  expect(await errorOf('own')).toEqual({
    isClientSafe: true,
    error: 'declined',
    message: 'The card was declined',
    errorType: 'Meteor.Error',
  })
  expect(await errorOf('ours')).toMatchObject({ error: 'too-many-requests', details: { timeToReset: 4000 } })
  expect(await errorOf('rejects')).toMatchObject({ error: 'late', message: '[late]' })
  expect(log.lines).toEqual([])
  expect(await errorOf('sanitized')).toMatchObject({ error: 400, reason: 'Match failed' })
  for (const method of ['unsafe', 'broken', 'text', 'unsendable']) {
    expect([method, await errorOf(method)]).toEqual([method, INTERNAL])
  }
  expect(log.lines).toHaveLength(5)
  expect(log.lines.join('\n')).toContain('db.internal')
  expect(log.lines.join('\n')).not.toContain('secret parameter')
})

test('a result is passed by value: what changes afterwards is not what the caller has', async () => {
  const state = { list: [1], at: new Date(5) }
  const server = serving({ state: () => state })
  const client = WireClient.connected(server)
  const [own, sent] = [await server.call('state'), client.call('1', 'state')]
  state.list.push(2)
  expect(own).toEqual({ list: [1], at: new Date(5) })
  state.list.pop()
  const { result } = await sent
  state.list.push(3)
  expect(result).toEqual({ list: [1], at: { $date: 5 } })
  expect(await server.call('state')).not.toBe(state)
})

test('parameters are values of their own, and what is no EJSON never reaches the method', async () => {
  const seen = vi.fn<(...params: unknown[]) => void>()
  const client = WireClient.connected(serving({ see: (...params: unknown[]) => seen(...params) }))
  await client.call('1', 'see', { $date: 7 }, { $binary: 'AQI=' }, { $escape: { $date: 1 } }, { $InfNaN: -1 })
  expect(seen).toHaveBeenCalledWith(new Date(7), new Uint8Array([1, 2]), { $date: 1 }, Number.NEGATIVE_INFINITY)
  seen.mockClear()
  const hostile = [
    '{"$date":"x"}',
    '{"$date":1e300}',
    '{"$binary":"*"}',
    '{"$type":"no","$value":1}',
    '{"$regexp":"(","$flags":""}',
    '1e999',
  ]
  for (const [at, param] of [...hostile, '{"__proto__":{"isAdmin":true}}', `${'['.repeat(9000)}${']'.repeat(9000)}`].entries()) {
    client.sayRaw(`{"msg":"method","id":"h${at}","method":"see","params":[${param}]}`)
    const { error } = await client.until(({ msg, id }) => msg === 'result' && id === `h${at}`)
    expect({ param, error }).toMatchObject({ param, error: { error: 400, reason: 'Match failed' } })
  }
  expect(client.all('updated')).toHaveLength(9)
  expect(seen).not.toHaveBeenCalled()
})

test('messages of one client are answered one at a time and in order, unless a method lets the next begin', async () => {
  const done: string[] = []
  let release = (): void => {}
  const held = new Promise<void>(resolve => (release = resolve))
  const server = serving({
    async slow(this: MethodInvocation, unblocks: boolean) {
      if (unblocks) this.unblock()
      await held
      done.push('slow')
    },
    fast: () => void done.push('fast'),
  })
  const client = WireClient.connected(server)
  client.say({ msg: 'method', id: '1', method: 'slow', params: [true] })
  await client.call('2', 'fast')
  expect(done).toEqual(['fast'])
  client.say({ msg: 'method', id: '3', method: 'slow', params: [false] })
  client.say({ msg: 'method', id: '4', method: 'fast' })
  client.say({ msg: 'ping', id: 'p' })
  await client.until(({ msg }) => msg === 'pong')
  expect(done).toEqual(['fast'])
  release()
  await client.until(({ msg, id }) => msg === 'result' && id === '4')
  expect(done).toEqual(['fast', 'slow', 'slow', 'fast'])
})

test('a client that sends many messages does not keep another waiting', async () => {
  const order: string[] = []
  const server = serving({ note: (who: string) => void order.push(who) })
  const [greedy, modest] = [WireClient.connected(server), WireClient.connected(server)]
  for (let at = 0; at < 500; at++) greedy.say({ msg: 'method', id: `${at}`, method: 'note', params: ['greedy'] })
  await modest.call('1', 'note', 'modest')
  expect(order.indexOf('modest')).toBeLessThan(50)
  await greedy.until(({ msg, id }) => msg === 'result' && id === '499')
})

test('a client with too many messages waiting is closed', async () => {
  const server = serving({ wait: () => new Promise(() => {}) }, { maxQueuedMessages: 10, log: kept() })
  const client = WireClient.connected(server)
  for (let at = 0; at < 10; at++) client.say({ msg: 'method', id: `${at}`, method: 'wait' })
  expect(client.isClosed).toBe(false)
  client.say({ msg: 'method', id: 'a', method: 'wait' })
  client.say({ msg: 'method', id: 'b', method: 'wait' })
  await expect.poll(() => client.isClosed).toBe(true)
})

test('a client that does not read is closed before what it was sent fills the memory', async () => {
  const log = kept()
  const client = WireClient.connected(serving({ much: () => 'x'.repeat(1000) }, { maxBufferedBytes: 10_000, log }))
  await client.call('1', 'much')
  client.buffered = 10_001
  client.say({ msg: 'method', id: '2', method: 'much' })
  await expect.poll(() => client.isClosed).toBe(true)
  expect(log.lines.join()).toContain('reads slower than it is sent')
})

test('a method knows on whose behalf it runs, however deep, and so does what it calls on the server', async () => {
  const server = serving({
    async signIn(this: MethodInvocation) {
      await this.setUserId('ada')
      return [this.userId, currentInvocation()?.userId, await server.call('who')]
    },
    async who(this: MethodInvocation) {
      await Promise.resolve()
      const { userId, connection, methodName, transport } = currentInvocation() ?? {}
      return { own: this.userId, userId, connectionId: connection?.id ?? null, methodName, transport, isSimulation: this.isSimulation }
    },
    async signOutInside() {
      await server.call('signOut')
      return currentInvocation()?.userId
    },
    signOut(this: MethodInvocation) {
      return this.setUserId(null)
    },
    seed(this: MethodInvocation) {
      return this.randomSeed
    },
  })
  const client = WireClient.connected(server)
  const connectionId = client.arrived[0]?.['session']
  const ada = { own: 'ada', userId: 'ada', connectionId, methodName: 'who', transport: 'ddp', isSimulation: false }
  expect((await client.call('1', 'signIn'))['result']).toEqual(['ada', 'ada', ada])
  expect((await client.call('2', 'who'))['result']).toEqual(ada)
  expect((await client.call('3', 'signOutInside'))['result']).toBeNull()
  expect((await client.call('4', 'who'))['result']).toMatchObject({ own: null })
  expect(await server.call('who')).toMatchObject({ own: null, connectionId: null })
  client.say({ msg: 'method', id: '5', method: 'seed', randomSeed: 'abc' })
  expect((await client.until(({ id }) => id === '5'))['result']).toBe('abc')
})

test('setUserId is refused after unblock and where the server itself made the call', async () => {
  const log = kept()
  const server = serving(
    {
      late(this: MethodInvocation) {
        this.unblock()
        return this.setUserId('ada')
      },
      signIn(this: MethodInvocation) {
        return this.setUserId('ada')
      },
      wrong(this: MethodInvocation) {
        // As an app without types may.
        return this.setUserId(5 as never)
      },
    },
    { log },
  )
  const client = WireClient.connected(server)
  expect((await client.call('1', 'late'))['error']).toMatchObject({ error: 500 })
  expect((await client.call('2', 'wrong'))['error']).toMatchObject({ error: 500 })
  await expect(server.call('signIn')).rejects.toThrow('server itself')
  expect(log.lines).toHaveLength(2)
})

test('a call of the server receives the error as it is, and an unknown method is an error of its own', async () => {
  const failure = new Error('inside')
  const server = serving({
    fail() {
      throw failure
    },
  })
  await expect(server.call('fail')).rejects.toBe(failure)
  await expect(server.call('nobody')).rejects.toMatchObject({ error: 404, reason: "Method 'nobody' not found" })
})

test('a method of a name that is taken is refused, and so is one that is no function', () => {
  const server = serving({ once() {} })
  expect(() => server.methods({ once() {} })).toThrow('once')
  // As an app without types may.
  expect(() => server.methods({ other: 5 as never })).toThrow('other')
})

test('names that objects have of their own are no methods', async () => {
  const client = WireClient.connected(serving({}))
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    expect(await client.call(name, name)).toMatchObject({ id: name, error: { error: 404 } })
    client.say({ msg: 'sub', id: name, name })
    expect(await client.until(({ msg, id }) => msg === 'nosub' && id === name)).toMatchObject({ error: { error: 404 } })
  }
})

test('the rate limiter is asked before each method and subscription of a client, and not before calls of the server', async () => {
  const asked: unknown[] = []
  const server = serving(
    { hello: () => 'hi' },
    {
      rateLimiter: {
        check(input) {
          asked.push(input)
          if (asked.length > 1) throw new MeteorError('too-many-requests', 'Slow down', { timeToReset: 5 })
        },
      },
    },
  )
  server.publish('set', () => [])
  const client = WireClient.connected(server, { clientAddress: '192.0.2.1' })
  const connectionId = client.arrived[0]?.['session']
  expect((await client.call('1', 'hello'))['result']).toBe('hi')
  expect((await client.call('2', 'hello'))['error']).toMatchObject({ error: 'too-many-requests', details: { timeToReset: 5 } })
  client.say({ msg: 'sub', id: 's', name: 'set' })
  expect((await client.until(({ msg }) => msg === 'nosub'))['error']).toMatchObject({ error: 'too-many-requests' })
  const about = { userId: null, connectionId, clientAddress: '192.0.2.1' }
  expect(asked).toEqual([
    { type: 'method', name: 'hello', ...about },
    { type: 'method', name: 'hello', ...about },
    { type: 'subscription', name: 'set', ...about },
  ])
  expect(await server.call('hello')).toBe('hi')
  expect(asked).toHaveLength(3)
})

test('details of an error that are no JSON stay behind, and the error arrives', async () => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  const server = serving({
    fail(how: string) {
      throw new MeteorError('odd', 'Odd', how === 'circle' ? circle : how === 'big' ? 5n : { when: new Date(0) })
    },
  })
  const client = WireClient.connected(server)
  expect((await client.call('1', 'fail', 'circle'))['error']).toMatchObject({ error: 'odd' })
  expect((await client.call('2', 'fail', 'big'))['error']).toMatchObject({ error: 'odd' })
  expect((await client.call('3', 'fail', 'date'))['error']).toMatchObject({ details: { when: '1970-01-01T00:00:00.000Z' } })
})

test('methods that let the next begin are not begun without end either', async () => {
  let running = 0
  const waiting: (() => void)[] = []
  const server = serving(
    {
      async wait(this: MethodInvocation) {
        this.unblock()
        running += 1
        await new Promise<void>(resolve => waiting.push(resolve))
      },
    },
    { maxQueuedMessages: 5 },
  )
  const client = WireClient.connected(server)
  for (let at = 0; at < 8; at++) {
    client.say({ msg: 'method', id: `${at}`, method: 'wait' })
    // Lets it begin, if it may
    await new Promise(resolve => void setImmediate(resolve))
  }
  expect(running).toBe(5)
  for (let at = 0; at < 8; at++) {
    await expect.poll(() => waiting.length).toBeGreaterThan(at)
    waiting[at]?.()
  }
  await expect.poll(() => client.all('result').length).toBe(8)
})
