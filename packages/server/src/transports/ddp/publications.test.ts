import { beforeEach, expect, test } from 'vitest'
import { WireClient } from '../../testing/ddp-wire.ts'
import { stillTime } from '../../testing/ddp-time.ts'
import { silentLog } from '../../system.ts'
import { currentInvocation } from '../../wire/invocation.ts'
import { DDPServer, MeteorError } from './index.ts'
import type { MethodInvocation, Publication, PublishedCursor } from './index.ts'

let server: DDPServer
beforeEach(() => {
  server = new DDPServer({ log: silentLog })
  server.methods({
    signIn(this: MethodInvocation, userId: string | null) {
      return this.setUserId(userId)
    },
  })
})

/** A cursor as Meteor's databases have them, of documents that do not change. */
function cursor(collection: string, ...ids: string[]): PublishedCursor & { stops: number } {
  const self = {
    stops: 0,
    _getCollectionName: () => collection,
    async _publishCursor(publication: Publication) {
      await Promise.resolve()
      for (const id of ids) publication.added(collection, id, { of: collection })
      publication.onStop(() => (self.stops += 1))
    },
  }
  return self
}

const subscribed = async (client: WireClient, id: string, name: string, ...params: unknown[]): Promise<void> => {
  client.say({ msg: 'sub', id, name, params })
  await client.until(({ msg, subs, id: of }) => (msg === 'ready' && (subs as string[]).includes(id)) || (msg === 'nosub' && of === id))
}

test('a page that Meteor built hears that there is no newer version of it, or what the app says of that', async () => {
  const page = WireClient.connected(server)
  await subscribed(page, 's', 'meteor_autoupdate_clientVersions')
  expect(page.frames.slice(1)).toEqual(['{"msg":"ready","subs":["s"]}'])
  server.publish('meteor_autoupdate_clientVersions', function (this: Publication) {
    this.added('meteor_autoupdate_clientVersions', 'web.browser', { version: '2' })
    this.ready()
  })
  const later = WireClient.connected(server)
  await subscribed(later, 's', 'meteor_autoupdate_clientVersions')
  expect(later.all('added')).toMatchObject([{ id: 'web.browser', fields: { version: '2' } }])
})

test('a publication tells its documents, then ready; when it ends they leave the client, then nosub follows', async () => {
  let stops = 0
  server.publish('rooms', function (this: Publication, size: number) {
    this.added('rooms', 'a', { name: 'A', size, at: new Date(3), gone: undefined })
    this.onStop(() => (stops += 1))
    this.ready()
    this.ready()
    this.changed('rooms', 'a', { name: 'B', size: undefined })
  })
  const client = WireClient.connected(server)
  await subscribed(client, 's', 'rooms', 4)
  client.say({ msg: 'sub', id: 's', name: 'rooms', params: [5] })
  client.say({ msg: 'unsub', id: 's' })
  client.say({ msg: 'unsub', id: 's' })
  await expect.poll(() => client.all('nosub').length).toBe(2)
  expect(client.frames.slice(1)).toEqual([
    '{"msg":"added","collection":"rooms","id":"a","fields":{"name":"A","size":4,"at":{"$date":3}}}',
    '{"msg":"ready","subs":["s"]}',
    '{"msg":"changed","collection":"rooms","id":"a","fields":{"name":"B"},"cleared":["size"]}',
    '{"msg":"removed","collection":"rooms","id":"a"}',
    '{"msg":"nosub","id":"s"}',
    '{"msg":"nosub","id":"s"}',
  ])
  expect(stops).toBe(1)
})

test('ids that could be taken for something else are marked on the wire', async () => {
  server.publish('ids', function (this: Publication) {
    for (const id of ['plain', '-dash', '~tilde', '{brace', 'f'.repeat(24), 7]) this.added('ids', id, {})
    this.removed('ids', '-dash')
    this.ready()
  })
  const client = WireClient.connected(server)
  await subscribed(client, 's', 'ids')
  expect(client.all('added').map(({ id }) => id)).toEqual(['plain', '--dash', '-~tilde', '-{brace', `-${'f'.repeat(24)}`, '~7'])
  expect(client.all('removed').map(({ id }) => id)).toEqual(['--dash'])
})

test('a whole document can be told, and its _id travels once', async () => {
  server.publish('rooms', function (this: Publication) {
    const room = { _id: 'a', name: 'A' }
    this.added('rooms', room._id, room)
    this.changed('rooms', room._id, { ...room, name: 'B' })
    this.ready()
  })
  const client = WireClient.connected(server)
  await subscribed(client, 's', 'rooms')
  expect(client.arrived.slice(1)).toEqual([
    { msg: 'added', collection: 'rooms', id: 'a', fields: { name: 'A' } },
    { msg: 'changed', collection: 'rooms', id: 'a', fields: { name: 'B' } },
    { msg: 'ready', subs: ['s'] },
  ])
})

test('several publications are defined at once, and what is none is refused by name', async () => {
  server.publish({ rooms: () => cursor('rooms', 'a'), people: () => cursor('people', 'b') })
  const client = WireClient.connected(server)
  await subscribed(client, 's', 'rooms')
  await subscribed(client, 't', 'people')
  expect(client.all('added').map(({ collection, id }) => [collection, id])).toEqual([
    ['rooms', 'a'],
    ['people', 'b'],
  ])
  expect(() => server.publish('wrong', 5 as never)).toThrow('The publication "wrong" must be a function')
})

test('an unknown publication is answered with nosub and an error', async () => {
  const client = WireClient.connected(server)
  await subscribed(client, 's', 'nothing')
  expect(client.frames.at(-1)).toBe(
    `{"msg":"nosub","id":"s","error":{"isClientSafe":true,"error":404,"reason":"Subscription 'nothing' not found","message":"Subscription 'nothing' not found [404]","errorType":"Meteor.Error"}}`,
  )
})

test('a publication that returns null or nothing is not ready by itself', async () => {
  server.publish('none', () => null)
  server.publish('nothing', () => {})
  server.publish('no', function (this: Publication) {
    return this.userId !== null && cursor('rooms', 'a')
  })
  server.publish('empty', () => [])
  const client = WireClient.connected(server)
  client.say({ msg: 'sub', id: '1', name: 'none' })
  client.say({ msg: 'sub', id: '2', name: 'nothing' })
  client.say({ msg: 'sub', id: '4', name: 'no' })
  await subscribed(client, '3', 'empty')
  expect(client.all('nosub')).toEqual([])
  expect(client.all('ready')).toEqual([{ msg: 'ready', subs: ['3'] }])
})

test('several cursors of different collections are published together, and stop together', async () => {
  const [rooms, people] = [cursor('rooms', 'a'), cursor('people', 'b', 'c')]
  server.publish('both', () => [rooms, people])
  server.publish('later', async () => {
    await Promise.resolve()
    return cursor('late', 'd')
  })
  const client = WireClient.connected(server)
  await subscribed(client, 's', 'both')
  await subscribed(client, 't', 'later')
  expect(client.arrived.slice(1).map(({ msg, id, subs }) => [msg, id ?? subs])).toEqual([
    ['added', 'a'],
    ['added', 'b'],
    ['added', 'c'],
    ['ready', ['s']],
    ['added', 'd'],
    ['ready', ['t']],
  ])
  client.drop()
  expect([rooms.stops, people.stops]).toEqual([1, 1])
})

test.each([
  ['two cursors of one collection', () => [cursor('rooms'), cursor('rooms')]],
  ['something that is no cursor', () => [cursor('rooms'), 5]],
  ['a plain object', () => ({ rooms: [] })],
])('a publication that returns %s ends with an internal error', async (_what, handler) => {
  server.publish('wrong', handler)
  const client = WireClient.connected(server)
  await subscribed(client, 's', 'wrong')
  expect(client.arrived.at(-1)).toMatchObject({ msg: 'nosub', id: 's', error: { error: 500 } })
})

test('an error in a publication ends the subscription and is told; what it had published leaves the client', async () => {
  server.publish('fails', async function (this: Publication, how: string) {
    this.added('rooms', 'a', {})
    await Promise.resolve()
    if (how === 'throws') throw new MeteorError('closed', 'Come back tomorrow')
    if (how === 'unsafe') throw new Error('db.internal')
    this.error(new MeteorError('said', 'By itself'))
    this.added('rooms', 'b', {})
  })
  const client = WireClient.connected(server)
  for (const [how, error] of Object.entries({ throws: 'closed', unsafe: 500, says: 'said' })) {
    await subscribed(client, how, 'fails', how)
    expect(client.arrived.at(-2)).toEqual({ msg: 'removed', collection: 'rooms', id: 'a' })
    expect(client.arrived.at(-1)).toMatchObject({ msg: 'nosub', id: how, error: { error } })
  }
  expect(client.frames.join()).not.toContain('db.internal')
})

test('parameters of a subscription that are no EJSON are refused', async () => {
  server.publish('rooms', () => [])
  const client = WireClient.connected(server)
  await subscribed(client, 's', 'rooms', { $date: 'never' })
  expect(client.arrived.at(-1)).toMatchObject({ msg: 'nosub', id: 's', error: { error: 400, reason: 'Match failed' } })
})

test('a client may have so many subscriptions and no more', async () => {
  const few = new DDPServer({ maxSubscriptions: 2 })
  few.publish('rooms', () => [])
  const client = WireClient.connected(few)
  for (const id of ['1', '2', '3']) client.say({ msg: 'sub', id, name: 'rooms' })
  await expect.poll(() => client.all('nosub')).toEqual([expect.objectContaining({ id: '3' })])
  client.say({ msg: 'unsub', id: '1' })
  await subscribed(client, '4', 'rooms')
  expect(client.arrived.at(-1)).toEqual({ msg: 'ready', subs: ['4'] })
})

test('what a client subscribed to may be so long in all and no longer', async () => {
  const short = new DDPServer({ maxFrameBytes: 1000 })
  short.publish('rooms', () => [])
  const client = WireClient.connected(short)
  for (const id of ['1', '2', '3', '4', '5']) client.say({ msg: 'sub', id, name: 'rooms', params: ['x'.repeat(900)] })
  await expect.poll(() => client.all('nosub')).toEqual([expect.objectContaining({ id: '5' })])
  client.say({ msg: 'unsub', id: '1' })
  client.say({ msg: 'sub', id: '6', name: 'rooms', params: ['x'.repeat(900)] })
  expect(await client.until(({ subs }) => JSON.stringify(subs) === '["6"]')).toBeDefined()
})

test('a publication that nobody has to ask for reaches the clients that are connected already', async () => {
  const before = WireClient.connected(server)
  server.publish(null, function (this: Publication) {
    this.added('news', 'n', { text: 'hello' })
    this.ready()
  })
  const after = WireClient.connected(server)
  for (const client of [before, after]) {
    expect(client.arrived.slice(1)).toEqual([{ msg: 'added', collection: 'news', id: 'n', fields: { text: 'hello' } }])
  }
})

test('a publication keeps the next message waiting until it is done, unless it lets it begin', async () => {
  let release = (): void => {}
  const held = new Promise<void>(resolve => (release = resolve))
  server.publish('slow', async function (this: Publication, unblocks: boolean) {
    if (unblocks) this.unblock()
    await held
    return []
  })
  server.publish('fast', () => [])
  const client = WireClient.connected(server)
  client.say({ msg: 'sub', id: '1', name: 'slow', params: [true] })
  await subscribed(client, '2', 'fast')
  client.say({ msg: 'sub', id: '3', name: 'slow', params: [false] })
  client.say({ msg: 'sub', id: '4', name: 'fast' })
  release()
  await client.until(({ subs }) => JSON.stringify(subs) === '["4"]')
  expect(client.all('ready').map(({ subs }) => (subs as string[])[0])).toEqual(['2', '1', '3', '4'])
})

test('a publication of a name that is taken is ignored', async () => {
  server.publish('rooms', () => cursor('rooms', 'first'))
  server.publish('rooms', () => cursor('rooms', 'second'))
  const client = WireClient.connected(server)
  await subscribed(client, 's', 'rooms')
  expect(client.all('added').map(({ id }) => id)).toEqual(['first'])
})

test('setUserId runs every publication anew, sends the net difference, then ready again, and only then is the method done', async () => {
  server.publish(null, function (this: Publication) {
    if (this.userId !== null) this.added('users', this.userId, { name: this.userId })
  })
  server.publish('mine', async function (this: Publication) {
    await Promise.resolve()
    this.added('things', 'common', { for: 'all', by: this.userId ?? 'nobody' })
    this.added('things', this.userId ?? 'public', { kept: true })
    if (this.userId === 'ada') this.changed('things', 'common', { extra: 1 })
    this.ready()
  })
  server.publish('members', function (this: Publication) {
    if (this.userId === null) throw new MeteorError('not-signed-in')
    this.ready()
  })
  const client = WireClient.connected(server)
  await subscribed(client, 's', 'mine')
  const since = client.frames.length
  await client.call('1', 'signIn', 'ada')
  await subscribed(client, 'm', 'members')
  await client.call('2', 'signIn', null)
  expect(client.frames.slice(since)).toEqual([
    '{"msg":"removed","collection":"things","id":"public"}',
    '{"msg":"added","collection":"users","id":"ada","fields":{"name":"ada"}}',
    '{"msg":"changed","collection":"things","id":"common","fields":{"by":"ada","extra":1}}',
    '{"msg":"added","collection":"things","id":"ada","fields":{"kept":true}}',
    '{"msg":"ready","subs":["s"]}',
    '{"msg":"updated","methods":["1"]}',
    '{"msg":"result","id":"1"}',
    '{"msg":"ready","subs":["m"]}',
    '{"msg":"removed","collection":"users","id":"ada"}',
    '{"msg":"removed","collection":"things","id":"ada"}',
    '{"msg":"changed","collection":"things","id":"common","fields":{"by":"nobody"},"cleared":["extra"]}',
    '{"msg":"added","collection":"things","id":"public","fields":{"kept":true}}',
    '{"msg":"ready","subs":["s"]}',
    '{"msg":"nosub","id":"m","error":{"isClientSafe":true,"error":"not-signed-in","message":"[not-signed-in]","errorType":"Meteor.Error"}}',
    '{"msg":"updated","methods":["2"]}',
    '{"msg":"result","id":"2"}',
  ])
})

test('what an earlier run of a publication still has to say is not heard', async () => {
  const runs: Publication[] = []
  server.publish('rooms', function (this: Publication) {
    runs.push(this)
    this.added('rooms', 'a', { by: this.userId })
    this.ready()
  })
  const client = WireClient.connected(server)
  await subscribed(client, 's', 'rooms')
  let stops = 0
  runs[0]?.onStop(() => (stops += 1))
  await client.call('1', 'signIn', 'ada')
  expect(stops).toBe(1)
  const { length } = client.arrived
  runs[0]?.changed('rooms', 'a', { by: 'an earlier run' })
  runs[0]?.removed('rooms', 'a')
  runs[0]?.error(new Error('late'))
  runs[0]?.stop()
  expect(client.arrived).toHaveLength(length)
  runs[1]?.stop()
  expect(client.arrived.slice(length).map(({ msg }) => msg)).toEqual(['removed', 'nosub'])
})

test('a publication that takes its time does not hold a sign-in up for ever', async () => {
  const time = stillTime()
  const slow = new DDPServer({ ports: time })
  const waiting: (() => void)[] = []
  slow.methods({
    signIn(this: MethodInvocation, userId: string) {
      return this.setUserId(userId)
    },
  })
  slow.publish('slow', async function (this: Publication) {
    if (this.userId !== null) await new Promise<void>(resolve => waiting.push(resolve))
    this.added('rooms', 'a', { by: this.userId })
    this.ready()
  })
  const client = WireClient.connected(slow)
  await subscribed(client, 's', 'slow')
  const signedIn = client.call('1', 'signIn', 'ada')
  await expect.poll(() => waiting.length).toBe(1)
  time.pass(10_000)
  await signedIn
  expect(client.all('removed')).toHaveLength(1)
  waiting[0]?.()
  await expect
    .poll(() => client.arrived.slice(-2))
    .toEqual([
      { msg: 'added', collection: 'rooms', id: 'a', fields: { by: 'ada' } },
      { msg: 'ready', subs: ['s'] },
    ])
})

test('a publication knows on whose behalf it runs, and so does what it calls on the server', async () => {
  server.methods({
    who(this: MethodInvocation) {
      return [this.userId, this.connection?.id]
    },
  })
  server.publish('me', async function (this: Publication) {
    const [userId, connectionId] = (await server.call('who')) as [string | null, string]
    this.added('me', 'it', { userId, isSame: connectionId === this.connection.id, transport: currentInvocation()?.transport })
    this.ready()
  })
  const client = WireClient.connected(server)
  await client.call('1', 'signIn', 'ada')
  await subscribed(client, 's', 'me')
  expect(client.all('added')[0]?.['fields']).toEqual({ userId: 'ada', isSame: true, transport: 'ddp' })
})

test('a publication may call signIn no more than it may call setUserId', async () => {
  server.publish('sly', async () => {
    await server.call('signIn', 'ada')
    return []
  })
  const client = WireClient.connected(server)
  await subscribed(client, 's', 'sly')
  expect(client.arrived.at(-1)).toMatchObject({ msg: 'nosub', error: { error: 500 } })
})
