import { describe, expect, test } from 'vitest'
import { meteorWorld } from '../../testing/meteor.ts'
import type { MeteorWorld } from '../../testing/meteor.ts'
import { WireClient } from '../../testing/ddp-wire.ts'
import { ConfigError } from './config-error.ts'

const GITHUB = { service: 'github', clientId: 'c1', secret: 'TOP-SECRET', loginStyle: 'popup' }

/** A client with a subscription to how providers know the app. */
async function subscriber(world: MeteorWorld): Promise<WireClient> {
  const client = world.connect()
  client.say({ msg: 'sub', id: 's', name: 'meteor.loginServiceConfiguration', params: [] })
  await client.until(({ msg }) => msg === 'ready')
  return client
}

const LOCAL = { clientAddress: '127.0.0.1', httpHeaders: { host: 'localhost:3000' } }

describe('the documents', () => {
  test('are found, added, changed and removed, with the secret for the app’s own code', async () => {
    await using world = meteorWorld()
    const configurations = world.accounts.loginServiceConfiguration
    const _id = await configurations.insertAsync(GITHUB)
    expect(await configurations.findOneAsync({ service: 'github' })).toEqual({ _id, ...GITHUB })
    expect(await configurations.findOneAsync(_id)).toEqual({ _id, ...GITHUB })
    expect(await configurations.findOneAsync({ service: 'google' })).toBeUndefined()
    await expect(configurations.insertAsync(GITHUB)).rejects.toMatchObject({ error: 403, reason: 'Service github already configured' })
    expect(await configurations.updateAsync({ service: 'github' }, { $set: { clientId: 'c2' }, $unset: { loginStyle: '' } })).toBe(1)
    expect(await configurations.findOneAsync(_id)).toEqual({ _id, service: 'github', clientId: 'c2', secret: 'TOP-SECRET' })
    expect(await configurations.upsertAsync({ service: 'github' }, { $set: { clientId: 'c3' } })).toEqual({ numberAffected: 1 })
    const added = await configurations.upsertAsync({ service: 'google' }, { $set: { clientId: 'g', secret: 's' }, $setOnInsert: { at: 1 } })
    expect(await configurations.findOneAsync(added.insertedId ?? '')).toMatchObject({
      service: 'google',
      clientId: 'g',
      secret: 's',
      at: 1,
    })
    expect(await configurations.find().countAsync()).toBe(2)
    expect(await configurations.find({ clientId: 'c3' }).mapAsync(({ service }) => service)).toEqual(['github'])
    await expect(configurations.updateAsync({}, { $inc: { n: 1 } })).rejects.toThrow('$inc')
    expect(await configurations.removeAsync({})).toBe(2)
    expect(await configurations.find({}).fetchAsync()).toEqual([])
  })

  test('are kept with their secrets sealed', async () => {
    await using world = meteorWorld()
    await world.accounts.loginServiceConfiguration.insertAsync({ ...GITHUB, nested: { privateKey: 'TOP-SECRET', keyId: 'k' } })
    const kept = await world.accounts.accounts.core.store.services.list()
    expect(kept).toMatchObject([{ name: 'github', data: { clientId: 'c1' } }])
    expect(JSON.stringify(kept)).not.toContain('TOP-SECRET')
  })

  test('are taken from settings, field by field', async () => {
    await using world = meteorWorld()
    const { serviceConfiguration } = world.accounts
    await serviceConfiguration.configurations.insertAsync(GITHUB)
    await serviceConfiguration.take({ github: { clientId: 'c2' }, google: { clientId: 'g' } })
    expect(await serviceConfiguration.configurations.findOneAsync({ service: 'github' })).toMatchObject({
      clientId: 'c2',
      secret: 'TOP-SECRET',
    })
    expect(await serviceConfiguration.configurations.findOneAsync({ service: 'google' })).toMatchObject({ clientId: 'g' })
  })
})

test('the publication has every document without its secret, and follows changes', async () => {
  await using world = meteorWorld()
  const configurations = world.accounts.loginServiceConfiguration
  const id = await configurations.insertAsync(GITHUB)
  const client = await subscriber(world)
  expect(client.all('added')).toEqual([
    {
      msg: 'added',
      collection: 'meteor_accounts_loginServiceConfiguration',
      id,
      fields: { service: 'github', clientId: 'c1', loginStyle: 'popup' },
    },
  ])
  await configurations.updateAsync(id, { $set: { clientId: 'c2', secret: 'other' } })
  expect(await client.until(({ msg }) => msg === 'changed')).toMatchObject({ id, fields: { clientId: 'c2' } })
  await configurations.removeAsync(id)
  expect(await client.until(({ msg }) => msg === 'removed')).toMatchObject({ id })
  expect(client.frames.join()).not.toMatch(/TOP-SECRET|other/)
})

describe('configureLoginService', () => {
  const configure = (world: MeteorWorld, facts: object, document: unknown = GITHUB) =>
    WireClient.connected(world.ddp, facts).call('1', 'configureLoginService', document)

  test('takes a registered service once, from this machine outside production', async () => {
    await using world = meteorWorld()
    world.accounts.oauth.registerService('github')
    expect(await configure(world, LOCAL, { ...GITHUB, service: 'google' })).toMatchObject({
      error: { error: 403, reason: 'Service unknown' },
    })
    expect(await configure(world, LOCAL)).not.toHaveProperty('error')
    expect(await configure(world, LOCAL)).toMatchObject({ error: { error: 403, reason: 'Service github already configured' } })
    expect(await world.accounts.loginServiceConfiguration.findOneAsync()).toMatchObject(GITHUB)
    expect(await configure(world, LOCAL, 'github')).toMatchObject({ error: { error: 400 } })
  })

  test.each([
    ['a stranger', { clientAddress: '192.0.2.1', httpHeaders: { host: 'localhost' } }],
    ['somebody behind a proxy on this machine', { ...LOCAL, httpHeaders: { host: 'localhost', 'x-forwarded-for': '192.0.2.1' } }],
    ['a page elsewhere whose name leads here', { ...LOCAL, httpHeaders: { host: 'evil.example' } }],
    ['somebody without an address', { clientAddress: null, httpHeaders: { host: 'localhost' } }],
  ])('refuses %s', async (_who, facts) => {
    await using world = meteorWorld()
    world.accounts.oauth.registerService('github')
    expect(await configure(world, facts)).toMatchObject({ error: { error: 403, reason: 'Not allowed to configure login services' } })
    expect(await world.accounts.loginServiceConfiguration.find().countAsync()).toBe(0)
  })

  test('refuses everybody in production, unless a rule of the app says otherwise', async () => {
    await using world = meteorWorld({ production: true, tokenSecret: '0123456789abcdefghijklmnopqrstuvwxyz-ABCDEF' })
    world.accounts.oauth.registerService('github')
    expect(await configure(world, LOCAL)).toMatchObject({ error: { error: 403 } })
    const asked: unknown[] = []
    world.accounts.serviceConfiguration.allowConfiguring(caller => {
      asked.push(caller)
      return caller.clientAddress === '192.0.2.7'
    })
    expect(await configure(world, LOCAL)).toMatchObject({ error: { error: 403 } })
    expect(await configure(world, { clientAddress: '192.0.2.7' })).not.toHaveProperty('error')
    expect(asked).toMatchObject([{ service: 'github', userId: null }, {}])
  })
})

test('services are registered and unregistered by name', async () => {
  await using world = meteorWorld()
  const { oauth } = world.accounts
  oauth.registerService('github')
  expect(() => oauth.registerService('github')).toThrow('Duplicate service: github')
  oauth.registerService('google')
  expect(oauth.serviceNames()).toEqual(['github', 'google'])
  oauth.unregisterService('github')
  expect(() => oauth.unregisterService('github')).toThrow('Service not found: github')
})

test('an error of configuration names the service, if there is one to name', () => {
  expect([new ConfigError('github').message, new ConfigError().message]).toEqual([
    'Service github not configured',
    'Service not configured',
  ])
  expect(new ConfigError().name).toBe('ServiceConfiguration.ConfigError')
})
