import { describe, expect, it, vi } from 'vitest'
import { AccountsCode } from '../../strategies/code/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { newWorld } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import type { Login } from '../accounts.ts'
import type { CodeRequested } from './request-login-code.ts'

const ADA = 'ada@example.org'

describe('a request for a code, while messages are ambiguous', () => {
  it('is answered before anything is done that depends on who there is', async () => {
    const codes = new AccountsCode()
    await using world = await open(codes)
    const { id } = await world.createUser('ada')
    await world.server.accounts.addEmailOf(id, 'second@example.org', true)
    const { core } = world.server.accounts
    const done: string[] = []
    core.newUsers.onCreate((_options, user) => (done.push('asked the app'), user))
    core.hooks.on('userCreated', () => void done.push('told the app'))
    codes.onCode(async () => (done.push('handed over the code'), true))
    for (const part of ['users', 'tokens', 'attempts', 'audit'] as const)
      for (const name of Object.keys(core.store[part])) {
        const deeds = core.store[part] as unknown as Record<string, (...given: unknown[]) => unknown>
        const deed = deeds[name]
        deeds[name] = (...given) => (done.push(`${part}.${name}`), deed?.(...given))
      }
    const waitedFor: Record<string, string> = {}
    for (const selector of [{ email: ADA }, { username: 'ada' }, { id }, { email: 'eve@example.org' }, { id: 'nobody' }]) {
      done.length = 0
      await ask(world, selector, { userData: { email: 'eve@example.org' } })
      waitedFor[JSON.stringify(selector)] = done.join(', ')
      await core.later.settled()
      expect(done.length).toBeGreaterThan(3)
    }
    expect(new Set(Object.values(waitedFor))).toEqual(new Set(['attempts.count']))
    await world.delivered()
    expect(world.mails.map(({ to }) => to)).toContain('eve@example.org')
  })

  it('is answered when the code is kept, where the app itself asks and may end right after', async () => {
    await using world = await open()
    await world.createUser('ada')
    const issue = vi.spyOn(world.server.accounts.core.store.tokens, 'issue')
    await world.server.accounts.requestLoginCode({ selector: { email: ADA } })
    expect(issue.mock.calls.map(([{ address }]) => address)).toContain(ADA)
    expect(issue.mock.settledResults.map(({ type }) => type)).toContain('fulfilled')
  })

  it('is that of the last request, when two come at once', async () => {
    await using world = await open()
    await world.createUser('ada')
    await Promise.all([ask(world), ask(world)])
    await world.delivered()
    const [first, last] = world.mails.map(({ text }) => /\b[0-9A-F]{6}\b/.exec(text)?.[0] ?? '')
    const selector = { email: ADA }
    const signIn = (token: string | undefined): Promise<Login> => world.server.accounts.login('code', { selector, token }, world.origin)
    await expect(signIn(first)).rejects.toMatchObject({ code: 'InvalidCredentials' })
    expect((await signIn(last)).user.username).toBe('ada')
  })
})

function open(codes: AccountsCode = new AccountsCode()): Promise<World> {
  return newWorld({
    options: { face: 'meteor', ambiguousErrorMessages: true },
    services: { password: new AccountsPassword(), code: codes },
  })
}

const ask = ({ server, origin }: World, selector: object = { email: ADA }, more: { userData?: object } = {}): Promise<CodeRequested> =>
  server.accounts.requestLoginCode({ selector, ...more }, origin)
