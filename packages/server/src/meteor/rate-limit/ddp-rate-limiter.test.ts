import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { silentLog } from '../../system.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import type { Arrived, WireClient } from '../../testing/ddp-wire.ts'
import { fixedClock } from '../../testing/index.ts'
import { meteorWorld } from '../../testing/meteor.ts'
import { DDPRateLimiter } from './ddp-rate-limiter.ts'
import type { DDPRateLimiterInput } from './ddp-rate-limiter.ts'

/** The errors of so many calls, `null` for one that was let pass. */
async function called(client: WireClient, times: number, method: string, ...params: unknown[]): Promise<unknown[]> {
  const errors: unknown[] = []
  for (let call = 0; call < times; call += 1) {
    const answer = await client.call(`${method}-${client.arrived.length}`, method, ...params)
    errors.push((answer['error'] as { error?: unknown } | undefined)?.error ?? null)
  }
  return errors
}

const BAD = { user: { username: 'nobody' }, password: 'wrong password' }

async function subscribed(client: WireClient, name: string): Promise<Arrived> {
  const id = `${name}-${client.arrived.length}`
  client.say({ msg: 'sub', id, name, params: [] })
  return client.until(one => (one.msg === 'ready' && (one['subs'] as string[]).includes(id)) || (one.msg === 'nosub' && one['id'] === id))
}

test('five logins that fail answer 403, the sixth in ten seconds too-many-requests with the time that is left', async () => {
  await using world = meteorWorld()
  const client = world.connect()
  expect(await called(client, 5, 'login', BAD)).toEqual([403, 403, 403, 403, 403])
  world.clock.pass(1)
  const refused = await client.call('sixth', 'login', BAD)
  expect(refused['error']).toMatchObject({
    error: 'too-many-requests',
    reason: 'Error, too many requests. Please slow down. You must wait 10 seconds before trying again.',
  })
  const { details } = refused['error'] as { details: { timeToReset: number } }
  expect(details.timeToReset).toBeGreaterThan(0)
  expect(details.timeToReset).toBeLessThan(10_000)
  // Counted by connection and by method.
  expect(await called(world.connect(), 1, 'login', BAD)).toEqual([403])
  expect(await called(client, 1, 'forgotPassword', { email: 'nobody@example.org' })).toEqual([null])
})

test('functions of a rule are asked with the user, the type, the name and the address of the client', async () => {
  await using world = meteorWorld()
  world.ddp.methods({ here: () => 'yes' })
  const id = await world.createUser()
  const asked: Record<string, unknown> = {}
  const noting = (key: string) => (value: unknown) => {
    asked[key] = value
    return true
  }
  world.accounts.rateLimiter.addRule({
    name: name => name === 'here',
    userId: noting('userId'),
    type: noting('type'),
    clientAddress: noting('clientAddress'),
  })
  const client = world.connect()
  await world.login(client)
  expect(await called(client, 1, 'here')).toEqual([null])
  expect(asked).toEqual({ userId: id, type: 'method', clientAddress: '127.0.0.1' })
})

test('the callback of a rule is told what it said and about what: four are left after the first of five, none when it refuses', async () => {
  await using world = meteorWorld()
  world.ddp.methods({ here: () => 'yes' })
  const told: unknown[] = []
  const ruleId = world.accounts.rateLimiter.addRule({ name: 'here' }, 5, 1000, (reply, input) => told.push([reply, input]))
  const client = world.connect()
  await called(client, 6, 'here')
  const input = { type: 'method', name: 'here', userId: null, clientAddress: '127.0.0.1' }
  expect(told).toHaveLength(6)
  expect(told[0]).toMatchObject([{ allowed: true, timeToReset: 1000, numInvocationsLeft: 4, ruleId }, input])
  expect(told[4]).toMatchObject([{ allowed: true, numInvocationsLeft: 0 }, input])
  expect(told[5]).toMatchObject([{ allowed: false, numInvocationsLeft: 0 }, input])
})

test('subscriptions are of the type subscription, and are refused with the same error', async () => {
  await using world = meteorWorld()
  world.ddp.publish('news', function () {
    this.ready()
  })
  world.accounts.rateLimiter.addRule({ type: 'subscription', name: 'news' }, 1, 1000)
  world.ddp.methods({ news: () => 'yes' })
  const client = world.connect()
  expect(await subscribed(client, 'news')).toMatchObject({ msg: 'ready' })
  expect(await subscribed(client, 'news')).toMatchObject({
    msg: 'nosub',
    error: { error: 'too-many-requests', details: { timeToReset: 1000 } },
  })
  expect(await called(client, 2, 'news')).toEqual([null, null])
})

test('a rule that is removed limits no more', async () => {
  await using world = meteorWorld()
  world.ddp.methods({ here: () => 'yes' })
  const id = world.accounts.rateLimiter.addRule({ name: 'here' }, 1, 1000)
  const client = world.connect()
  expect(await called(client, 2, 'here')).toEqual([null, 'too-many-requests'])
  expect(world.accounts.rateLimiter.removeRule(id)).toBe(true)
  expect(await called(client, 2, 'here')).toEqual([null, null])
})

test('when the interval is over, calls are let pass again', async () => {
  await using world = meteorWorld()
  world.ddp.methods({ here: () => 'yes' })
  world.accounts.rateLimiter.addRule({ name: 'here' }, 1, 1000)
  const client = world.connect()
  expect(await called(client, 2, 'here')).toEqual([null, 'too-many-requests'])
  world.clock.pass(1000)
  expect(await called(client, 2, 'here')).toEqual([null, 'too-many-requests'])
})

test('a method that no rule is about is never limited', async () => {
  await using world = meteorWorld()
  world.ddp.methods({ here: () => 'yes', there: () => 'yes' })
  world.accounts.rateLimiter.addRule({ name: 'here' }, 1, 1000)
  expect(await called(world.connect(), 30, 'there')).toEqual(Array.from({ length: 30 }, () => null))
})

test('the rule of the beginning can be taken away and put back; asking for codes is under it', async () => {
  await using world = meteorWorld()
  const { accounts } = world
  expect(Object.keys(accounts.rateLimiter.printRules())).toHaveLength(1)
  expect(accounts.removeDefaultRateLimit()).toBe(true)
  expect(accounts.removeDefaultRateLimit()).toBe(false)
  const client = world.connect()
  expect(await called(client, 7, 'requestLoginTokenForUser', {})).not.toContain('too-many-requests')
  accounts.addDefaultRateLimit()
  accounts.addDefaultRateLimit()
  expect(Object.keys(accounts.rateLimiter.printRules())).toHaveLength(1)
  expect((await called(client, 6, 'requestLoginTokenForUser', {})).at(-1)).toBe('too-many-requests')
})

test('what a refused client is told can be a text or a function, for all rules or for one', async () => {
  const limiter = new DDPRateLimiter({
    clock: fixedClock('2026-01-01T00:00:00Z'),
    chance: { bytes: length => randomBytes(length) },
    log: silentLog,
  })
  const ruleId = limiter.addRule({ name: 'here' }, 0, 1500)
  const reply = { allowed: false, timeToReset: 1500, numInvocationsLeft: 0, ruleId }
  expect(limiter.getErrorMessage(reply)).toContain('You must wait 2 seconds')
  limiter.setErrorMessage('slower')
  expect(limiter.getErrorMessage(reply)).toBe('slower')
  limiter.setErrorMessageOnRule(ruleId, ({ timeToReset }) => `in ${timeToReset}`)
  expect(limiter.getErrorMessage(reply)).toBe('in 1500')
  expect(limiter.getErrorMessage({ ...reply, ruleId: 'other' })).toBe('slower')
  await expect(limiter.check({ type: 'method', name: 'here', userId: null, connectionId: 'c', clientAddress: null })).rejects.toMatchObject(
    {
      error: 'too-many-requests',
      reason: 'in 1500',
    },
  )
})

test('instances that share a store count together, each rule on its own', async () => {
  const store = memoryStore()
  const clock = fixedClock('2026-01-01T00:00:00Z')
  const instance = (): DDPRateLimiter => {
    const limiter = new DDPRateLimiter({ clock, chance: { bytes: length => randomBytes(length) }, log: silentLog })
    limiter.share(store.attempts)
    // Twins count apart, so that one call is one call.
    limiter.addRule({ name: 'here', clientAddress: () => true }, 3, 1000)
    limiter.addRule({ name: 'here', clientAddress: () => true }, 3, 1000)
    return limiter
  }
  const instances = [instance(), instance()] as const
  const call = async (at: 0 | 1, clientAddress = '192.0.2.1'): Promise<boolean> => {
    const input: DDPRateLimiterInput = { type: 'method', name: 'here', userId: null, connectionId: 'c', clientAddress }
    return instances[at].check(input).then(
      () => true,
      () => false,
    )
  }
  expect([await call(0), await call(1), await call(0), await call(1), await call(0)]).toEqual([true, true, true, false, false])
  expect(await call(0, '192.0.2.2')).toBe(true)
  clock.pass(1000)
  expect(await call(1)).toBe(true)
})

test('servers on one store count together once they are told to', async () => {
  const db = memoryStore()
  await using one = meteorWorld({ db })
  await using other = meteorWorld({ db })
  const clients = [one, other].map(world => {
    const { accounts, ddp } = world
    accounts.shareRateLimits()
    accounts.rateLimiter.addRule({ name: 'here', clientAddress: () => true }, 1, 1000)
    ddp.methods({ here: () => 'yes' })
    return world.connect()
  })
  const answers: unknown[] = []
  for (const client of clients) answers.push(...(await called(client, 1, 'here')))
  expect(answers).toEqual([null, 'too-many-requests'])
})
