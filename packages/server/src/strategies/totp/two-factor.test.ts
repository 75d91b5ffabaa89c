import { describe, expect, it } from 'vitest'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import { codeOf, enrolled, STEP, wrongCode } from '../../testing/two-factor.ts'
import type { AccountsPassword, TwoFactorService } from '../password/index.ts'
import { getUserTwoFactorService, TwoFactor } from './index.ts'

/** The instance beside the password service, which an app of accounts-js calls. */
function serviceOf(world: World): TwoFactorService {
  const { twoFactor } = world.server.getServices()['password'] as AccountsPassword
  if (!twoFactor) throw new Error('the password service has no second factor')
  return twoFactor
}

describe('the second factor in the app’s own hands', () => {
  it('is there wherever there are passwords', async () => {
    await using world = await newWorld()
    expect(serviceOf(world)).toBeInstanceOf(TwoFactor)
    expect(world.server.accounts.publicSettings()).toMatchObject({ twoFactor: true, strategies: ['password'] })
  })

  it('getNewAuthSecret offers a secret in four writings; set sets it up with a code; authenticate takes the next one', async () => {
    await using world = await newWorld()
    const [service, { id }] = [serviceOf(world), await world.createUser('ada')]
    const secret = service.getNewAuthSecret()
    expect(Object.keys(secret).toSorted()).toEqual(['ascii', 'base32', 'hex', 'otpauth_url'])
    expect((await service.set(id, secret, codeOf(secret, world.clock))).recoveryCodes).toHaveLength(10)
    await expect(service.authenticate({ id }, codeOf(secret, world.clock))).rejects.toMatchObject({ code: 'TwoFactorInvalid' })
    world.clock.pass(STEP)
    await service.authenticate({ id }, codeOf(secret, world.clock))
    await expect(world.loginAs('ada')).rejects.toMatchObject({ code: 'TwoFactorRequired', message: '2FA code required' })
  })

  it('set refuses a secret of somebody’s own choosing', async () => {
    await using world = await newWorld()
    const [service, { id }] = [serviceOf(world), await world.createUser('ada')]
    const own = { ...service.getNewAuthSecret(), base32: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }
    await expect(service.set(id, own, codeOf(own, world.clock))).rejects.toMatchObject({
      code: 'TwoFactorInvalid',
      details: { field: 'secret' },
    })
  })

  it('unset gives it up, for a code', async () => {
    await using world = await newWorld()
    const [service, { who, secret, code }] = [serviceOf(world), await enrolled(world)]
    const { id } = (await who()).user
    await expect(service.unset(id, wrongCode(secret, world.clock))).rejects.toMatchObject({ code: 'TwoFactorInvalid' })
    await service.unset(id, code())
    expect((await world.loginAs('ada')).user.id).toBe(id)
  })

  it('says in accounts-js’s words what is missing', async () => {
    await using world = await newWorld()
    const [service, { id }] = [serviceOf(world), await world.createUser('ada')]
    await expect(service.authenticate({ id }, '123456')).rejects.toThrow('2FA not set')
    await expect(service.unset(id, '123456')).rejects.toThrow('2FA not set')
    await expect(service.unset('nobody', '123456')).rejects.toThrow('User not found')
    await expect(service.set('nobody', service.getNewAuthSecret(), '123456')).rejects.toThrow('User not found')
    const secret = service.getNewAuthSecret()
    await expect(service.set(id, secret, '')).rejects.toThrow('2FA code required')
    await expect(service.set(id, secret, wrongCode(secret, world.clock))).rejects.toThrow("2FA code didn't match")
    await service.set(id, secret, codeOf(secret, world.clock))
    await expect(service.set(id, service.getNewAuthSecret(), '123456')).rejects.toThrow('2FA already set')
  })

  it('lets nobody try many codes', async () => {
    await using world = await newWorld({ options: { limits: { login: { account: { limit: 1000 } } } } })
    const [service, { who, secret, code }] = [serviceOf(world), await enrolled(world)]
    const { id } = (await who()).user
    const answers = []
    for (let tries = 0; tries < 8; tries += 1)
      answers.push(await service.authenticate({ id }, wrongCode(secret, world.clock)).catch(error => (error as { code: string }).code))
    expect(answers).toEqual([...Array<string>(6).fill('TwoFactorInvalid'), 'TooManyAttempts', 'TooManyAttempts'])
    await expect(service.authenticate({ id }, codeOf(secret, world.clock))).rejects.toMatchObject({ code: 'TooManyAttempts' })
    await expect(service.authenticate({ id }, code())).resolves.toBeUndefined()
  })

  it('does nothing without a server', () => {
    expect(() => new TwoFactor().getNewAuthSecret()).toThrow(/give it to an AccountsServer/)
  })

  it('reads accounts-js’s own layout for apps that keep it', () => {
    expect(getUserTwoFactorService({ services: { 'two-factor': { secret: 1 } } })).toEqual({ secret: 1 })
    expect(getUserTwoFactorService({ services: {} })).toBeNull()
    expect(getUserTwoFactorService({})).toBeNull()
  })
})

describe('what is kept', () => {
  it('is sealed or hashed: neither the secret nor a recovery code is to be found', async () => {
    await using world = await newWorld()
    const { who, secret, recoveryCodes } = await enrolled(world)
    const { store } = world.server.accounts.core
    const kept = await store.users.credentials((await who()).user.id)
    const text = JSON.stringify([kept, await store.audit.list({ limit: 1000 })])
    for (const clear of [secret.base32, secret.hex, secret.ascii, ...recoveryCodes, ...recoveryCodes.map(code => code.replaceAll('-', ''))])
      expect(text).not.toContain(clear)
    expect(JSON.stringify(await world.server.accounts.exportData(await who(), world.origin))).not.toMatch(/sealed|recovery"|lastStep/)
  })

  it('opens for its user alone', async () => {
    await using world = await newWorld()
    const { who, secret, code } = await enrolled(world)
    const eve = await world.createUser('eve')
    const { users } = world.server.accounts.core.store
    const [kept] = (await users.credentials((await who()).user.id)).filter(({ kind }) => kind === 'totp')
    if (!kept) throw new Error('nothing was kept')
    await users.putCredential({ ...kept, userId: eve.id })
    const params = { user: { username: 'eve' }, password: PASSWORD, code: code() }
    await expect(world.server.accounts.login('password', params, world.origin)).rejects.toMatchObject({ code: 'TwoFactorInvalid' })
    expect(world.log.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'the secret of a second factor does not open: the key is gone. Keep earlier secrets in retiredSecrets',
    ])
    expect(secret.base32).toHaveLength(32)
  })

  it('still opens after the server’s secret was changed, as long as the earlier one is kept', async () => {
    const { memoryStore } = await import('../../stores/memory/index.ts')
    const store = memoryStore()
    const before = await newWorld({ store })
    const { code, who } = await enrolled(before)
    const { id } = (await who()).user
    await using world = await newWorld({
      store,
      clock: before.clock,
      options: {
        tokenSecret: 'another one for tests: 9876543210zyxwvutsrqponmlkjihgfedcba',
        retiredSecrets: ['for tests only: 0123456789abcdefghijklmnopqrstuvwxyz'],
      },
    })
    const params = { user: { username: 'ada' }, password: PASSWORD, code: code() }
    expect((await world.server.accounts.login('password', params, world.origin)).user.id).toBe(id)
  })
})
