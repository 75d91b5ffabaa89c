import { describe, expect, it } from 'vitest'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import { ADA, echo, oauthWorld as world } from '../../testing/oauth-world.ts'
import { AccountsMagicLink } from '../magic-link/index.ts'
import { AccountsOauth } from './index.ts'

describe('linking and unlinking', () => {
  it('links an account to one’s own, which it then signs in to, whatever its address', async () => {
    await using made = await world()
    const { tokens, user } = await made.loginAs('ada')
    const who = await made.accounts.check(tokens.accessToken)
    await made.accounts.link(
      who,
      { provider: 'example', as: { id: 's', email: 'stranger@example.org' } },
      { password: PASSWORD },
      made.origin,
    )
    expect((await made.login({ id: 's' })).user.id).toBe(user.id)
    expect(await made.accounts.linkedProviders(who)).toEqual([{ provider: 'example', linkedAt: '2026-01-01T00:00:00.000Z' }])
  })

  it('refuses an account that signs in to somebody else, and a second one of the same provider', async () => {
    await using made = await world()
    await made.login({ id: 'taken' })
    const { tokens } = await made.loginAs('ada')
    const who = await made.accounts.check(tokens.accessToken)
    const link = (id: string) => made.accounts.link(who, { provider: 'example', as: { id } }, null, made.origin)
    await expect(link('taken')).rejects.toMatchObject({ code: 'AccountAlreadyLinked' })
    await link('mine')
    await link('mine')
    await expect(link('second')).rejects.toMatchObject({
      code: 'AccountAlreadyLinked',
      message: expect.stringContaining('Unlink it first') as string,
    })
    expect(await made.linkedTo(who.user.id)).toEqual(['example:mine'])
  })

  it('links one account of a provider and no more, however many are linked at once', async () => {
    await using made = await world()
    const { tokens } = await made.loginAs('ada')
    const who = await made.accounts.check(tokens.accessToken)
    const outcomes = await Promise.allSettled(
      ['one', 'two', 'three'].map(id => made.accounts.link(who, { provider: 'example', as: { id } }, null, made.origin)),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await made.linkedTo(who.user.id)).toHaveLength(1)
  })

  it('asks for the password once the sign-in is old, and for nothing of whoever acts as the user', async () => {
    await using made = await world()
    const { tokens } = await made.loginAs('ada')
    const who = await made.accounts.check(tokens.accessToken)
    const link = (one: typeof who, confirmation: { password: string } | null) =>
      made.accounts.link(one, { provider: 'example', as: { id: 's' } }, confirmation, made.origin)
    await expect(link({ ...who, session: { ...who.session, impersonatorId: 'admin' } }, null)).rejects.toMatchObject({ code: 'Forbidden' })
    made.clock.pass(11 * 60_000)
    await expect(link(who, null)).rejects.toMatchObject({ code: 'RecentLoginRequired' })
    await expect(link(who, { password: 'wrong' })).rejects.toMatchObject({ code: 'InvalidCredentials' })
    await link(who, { password: PASSWORD })
    await expect(made.accounts.unlink(who, 'example', null, made.origin)).rejects.toMatchObject({ code: 'RecentLoginRequired' })
    const impersonated = { ...who, session: { ...who.session, impersonatorId: 'admin' } }
    await expect(made.accounts.unlink(impersonated, 'example', { password: PASSWORD }, made.origin)).rejects.toMatchObject({
      code: 'Forbidden',
    })
    await made.accounts.unlink(who, 'example', { password: PASSWORD }, made.origin)
    expect(await made.linkedTo(who.user.id)).toEqual([])
  })

  it('unlinks, tells the owner, and leaves the last way in alone', async () => {
    await using made = await world()
    const { user, tokens } = await made.login()
    const who = await made.accounts.check(tokens?.accessToken)
    await expect(made.accounts.unlink(who, 'example', null, made.origin)).rejects.toMatchObject({ code: 'LastSignInMethod' })
    await expect(made.oauth.unlink(user.id, 'example')).rejects.toMatchObject({ code: 'LastSignInMethod' })
    await made.accounts.link(who, { provider: 'other', as: { id: 's' } }, null, made.origin)
    await made.accounts.unlink(who, 'example', null, made.origin)
    expect(await made.linkedTo(user.id)).toEqual(['other:s'])
    await expect(made.accounts.unlink(who, 'other', null, made.origin)).rejects.toMatchObject({ code: 'LastSignInMethod' })
    await made.accounts.setPassword(user.id, PASSWORD)
    await made.oauth.unlink(user.id, 'other')
    expect(await made.linkedTo(user.id)).toEqual([])
    expect(
      (await made.accounts.core.store.audit.list({ userId: user.id, limit: 20 })).filter(({ type }) => type === 'account-unlinked'),
    ).toHaveLength(2)
    expect((await made.delivered()).filter(({ text }) => text.includes('no longer signs in'))).toHaveLength(2)
  })

  it('unlinks the last provider of somebody who can be mailed a link to sign in', async () => {
    const oauth = new AccountsOauth({ example: echo })
    await using made = await newWorld({ services: { oauth, magicLink: new AccountsMagicLink() } })
    const login = (as: object) => made.server.loginWithService('oauth', { provider: 'example', as }, {})
    const [reachable, unreachable] = [await login(ADA), await login({ id: '2' })]
    await oauth.unlink(reachable.user.id, 'example')
    expect(await made.server.accounts.providerAccounts(reachable.user.id)).toEqual([])
    await expect(oauth.unlink(unreachable.user.id, 'example')).rejects.toMatchObject({ code: 'LastSignInMethod' })
  })

  it('takes a provider that is not linked for an error over the wire, and for nothing in the app', async () => {
    await using made = await world()
    const { user, tokens } = await made.loginAs('ada')
    const who = await made.accounts.check(tokens.accessToken)
    for (const provider of ['example', 'gone', 5, undefined])
      await expect(made.accounts.unlink(who, provider, null, made.origin)).rejects.toMatchObject({ code: 'InvalidProvider' })
    await made.oauth.unlink(user.id, 'example')
    await expect(made.oauth.unlink('nobody', 'example')).rejects.toMatchObject({ code: 'UserNotFound' })
  })

  it('counts what can be linked against the limit of sign-ins', async () => {
    await using made = await world({ options: { limits: { login: { account: { limit: 2 } } } } })
    await made.login({ id: 'taken' })
    const { tokens } = await made.loginAs('ada')
    const who = await made.accounts.check(tokens.accessToken)
    const link = () => made.accounts.link(who, { provider: 'example', as: { id: 'taken' } }, null, made.origin)
    await expect(link()).rejects.toMatchObject({ code: 'AccountAlreadyLinked' })
    await expect(link()).rejects.toMatchObject({ code: 'AccountAlreadyLinked' })
    await expect(link()).rejects.toMatchObject({ code: 'TooManyAttempts' })
  })

  it('links only what a service vouches for', async () => {
    await using made = await world()
    const { tokens } = await made.loginAs('ada')
    const who = await made.accounts.check(tokens.accessToken)
    await expect(made.accounts.link(who, { user: 'ada' }, null, made.origin, 'password')).rejects.toMatchObject({ code: 'ServiceNotFound' })
  })
})
