import type { AccountsError } from '@latchkey/common'
import { describe, expect, it } from 'vitest'
import { AccountsOauth } from '../../strategies/oauth/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import { echo } from '../../testing/oauth-world.ts'
import { codeOf, enrolled, wrongCode } from '../../testing/two-factor.ts'
import type { Enrolled } from '../../testing/two-factor.ts'
import type { AuthenticationService } from '../../types.ts'
import type { Origin, Strategy } from '../strategy.ts'

/** Ways to sign in that name nobody beforehand, so that no counter of an account is asked before them. */
const unnamed: Record<string, { service: string; params: (userId: string) => Record<string, unknown> }> = {
  'a provider': { service: 'oauth', params: () => ({ provider: 'example', as: { id: 'subject' } }) },
  'a service written for accounts-js': { service: 'sms', params: id => ({ id, code: '4711' }) },
  'a strategy of the app’s own': { service: 'badge', params: id => ({ id }) },
}

/** Ada, who has a second factor and may come by any of them. */
async function worldOfAda(): Promise<Enrolled & AsyncDisposable & { world: World; id: string; from(part: number): Origin }> {
  const plenty = { limit: 100_000 }
  const world = await newWorld({
    options: { limits: { login: { address: plenty } } },
    services: {
      password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } }),
      oauth: new AccountsOauth({ example: echo }),
      badge: badge(),
      sms: sms(),
    },
  })
  const ada = await enrolled(world)
  const who = await ada.who()
  await world.server.accounts.link(who, { provider: 'example', as: { id: 'subject' } }, null, world.origin)
  const from = (part: number): Origin => ({ ...world.origin, ip: `10.${part >> 8}.${part & 255}.1` })
  return { ...ada, world, id: who.user.id, from, [Symbol.asyncDispose]: () => world.close() }
}

const codeIn = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'done',
    (error: AccountsError) => error.code,
  )

const count = (codes: string[], code: string): number => codes.filter(one => one === code).length

describe('a code beside the first proof', () => {
  for (const [way, { service, params }] of Object.entries(unnamed).slice(0, 2)) {
    it(`is that of ${way}, and no answer: the second factor is asked for afterwards`, async () => {
      await using ada = await worldOfAda()
      const { accounts } = ada.world.server
      const asked = await accounts
        .login(service, { code: 'of the provider', ...params(ada.id) }, ada.world.origin)
        .catch((error: AccountsError) => error)
      expect(asked).toMatchObject({ code: 'TwoFactorRequired' })
      const { pending } = (asked as AccountsError).details ?? {}
      expect((await accounts.login('second-factor', { pending, code: ada.code() }, ada.world.origin)).session.factors).toHaveLength(2)
    })
  }

  it('cannot be guessed by somebody whose first proof names nobody, from however many addresses', async () => {
    await using ada = await worldOfAda()
    const { accounts } = ada.world.server
    const wrong = wrongCode(ada.secret, ada.world.clock)
    const codes: string[] = []
    for (let part = 0; part < 12; part += 1) codes.push(await codeIn(accounts.login('badge', { id: ada.id, code: wrong }, ada.from(part))))
    expect([count(codes, 'TwoFactorInvalid'), count(codes, 'TooManyAttempts')]).toEqual([6, 6])
    const right = codeOf(ada.secret, ada.world.clock, 1)
    expect(await codeIn(accounts.login('badge', { id: ada.id, code: right }, ada.from(99)))).toBe('TooManyAttempts')
  })
})

describe('guesses that are sent all at once', () => {
  for (const [way, { service, params }] of Object.entries(unnamed)) {
    it(`are looked at fifteen times a minute, however many logins by ${way} are pending`, async () => {
      await using ada = await worldOfAda()
      const { accounts } = ada.world.server
      const pendings: unknown[] = []
      for (let part = 0; part < 20; part += 1) {
        const asked = await accounts.login(service, params(ada.id), ada.from(part)).catch((error: AccountsError) => error)
        pendings.push((asked as AccountsError).details?.pending)
      }
      const wrong = wrongCode(ada.secret, ada.world.clock)
      const codes = await Promise.all(
        pendings.flatMap((pending, part) =>
          Array.from({ length: 5 }, () => codeIn(accounts.login('second-factor', { pending, code: wrong }, ada.from(part)))),
        ),
      )
      expect(codes).toHaveLength(100)
      expect([count(codes, 'TwoFactorInvalid'), count(codes, 'TooManyAttempts')]).toEqual([15, 85])
    })
  }

  it('beside the first proof are no more', async () => {
    await using ada = await worldOfAda()
    const wrong = wrongCode(ada.secret, ada.world.clock)
    const guess = (part: number) => codeIn(ada.world.server.accounts.login('badge', { id: ada.id, code: wrong }, ada.from(part)))
    const codes = await Promise.all(Array.from({ length: 50 }, (_, part) => guess(part)))
    expect(count(codes, 'TwoFactorInvalid')).toBe(15)
  })
})

it('hooks learn what was sent without anything that proves something, however deep it lies', async () => {
  await using ada = await worldOfAda()
  const { accounts } = ada.world.server
  const seen: unknown[] = []
  accounts.core.hooks.on('validateLogin', ({ params }) => void seen.push(params))
  accounts.core.hooks.on('loginFailure', ({ params }) => void seen.push(params))
  const circle: Record<string, unknown> = {
    id: 'nobody',
    deep: { who: 'ada', password: 'hidden-1', list: [{ pin_code: 'hidden-2', at: 1 }] },
    token: 'hidden-3',
  }
  circle['self'] = circle
  await accounts.login('badge', circle, ada.world.origin).catch(() => {})
  expect(seen).toHaveLength(2)
  expect(seen[0]).toMatchObject({ id: 'nobody', deep: { who: 'ada', list: [{ at: 1 }] } })
  expect(JSON.stringify(seen)).not.toContain('hidden')
})

describe('hooks decide by the service that a login began with', () => {
  const first = { user: { username: 'ada' }, password: PASSWORD }

  it.each(['login', 'prove'] as const)('also when it is completed by a code, whether it began as %s', async deed => {
    await using ada = await worldOfAda()
    const { accounts } = ada.world.server
    // As most hooks are: they look only at what is allowed so far.
    accounts.core.hooks.on('validateLogin', ({ service, allowed }) => {
      if (allowed && service === 'password') throw new Error('not with a password')
    })
    const asked = await accounts[deed]('password', first, ada.world.origin).catch((error: AccountsError) => error)
    const { pending } = (asked as AccountsError).details ?? {}
    expect(pending).toEqual(expect.any(String))
    await expect(accounts.login('second-factor', { pending, code: ada.code() }, ada.world.origin)).rejects.toThrow('not with a password')
    expect(await accounts.userSessions(ada.id)).toHaveLength(1)
  })

  it('and the audit trail and failures name it too', async () => {
    await using ada = await worldOfAda()
    const { accounts } = ada.world.server
    const told: string[] = []
    accounts.core.hooks.on('login', ({ service }) => void told.push(service))
    accounts.core.hooks.on('loginFailure', ({ service, error }) => void told.push(`${service}: ${(error as AccountsError).code}`))
    const asked = await accounts.login('password', first, ada.world.origin).catch((error: AccountsError) => error)
    const { pending } = (asked as AccountsError).details ?? {}
    const wrong = wrongCode(ada.secret, ada.world.clock)
    expect(await codeIn(accounts.login('second-factor', { pending, code: wrong }, ada.world.origin))).toBe('TwoFactorInvalid')
    await accounts.login('second-factor', { pending, code: ada.code() }, ada.world.origin)
    expect(told).toEqual(['password: TwoFactorRequired', 'password: TwoFactorInvalid', 'password'])
    const [line] = await accounts.core.store.audit.list({ userId: ada.id, limit: 1 })
    expect(line).toMatchObject({ type: 'login', data: { service: 'password', factors: ['password', 'totp'] } })
  })
})

describe('the name of the step', () => {
  it('is refused to services, which would never be asked', async () => {
    await expect(newWorld({ services: { 'second-factor': badge() } })).rejects.toMatchObject({
      code: 'InvalidSettings',
      message: expect.stringContaining('"second-factor"') as string,
    })
  })
})

const badge = (): Strategy<{ id: string }> => ({
  name: 'badge',
  parse: options => options as { id: string },
  authenticate: async ({ id }) => ({ userId: id, factor: { name: 'badge', kind: 'holds', at: 0 } }),
})

const sms = (): AuthenticationService => ({
  serviceName: 'sms',
  server: undefined,
  authenticate: async (params: { id: string; code?: string }) =>
    params.code === '4711' || params.code === 'of the provider' ? { id: params.id } : null,
})
