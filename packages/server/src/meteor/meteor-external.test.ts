import { expect, test } from 'vitest'
import type { MeteorUser } from '../compat/meteor-user.ts'
import type { Login } from '../core/accounts.ts'
import type { Mail } from '../core/ports.ts'
import { AccountsOauth } from '../strategies/oauth/index.ts'
import { PASSWORD } from '../testing/index.ts'
import { meteorWorld } from '../testing/meteor.ts'
import { ADA, echo } from '../testing/oauth-world.ts'
import type { MeteorWorld } from '../testing/meteor.ts'

/** A user's document, with what providers said. */
async function documentOf({ accounts }: MeteorWorld, userId: string): Promise<MeteorUser> {
  const found = await accounts._findUserByQuery({ id: userId }, { fields: {} })
  if (!found) throw new Error('there is no such user')
  return found
}

/** What is kept of an account elsewhere, tokens and all. */
async function kept({ accounts }: MeteorWorld, userId: string, provider: string): Promise<Record<string, unknown> | undefined> {
  return (await accounts.accounts.providerAccounts(userId)).find(account => account.provider === provider)?.account
}

test('without a hook the profile of a new user from a provider is kept', async () => {
  await using world = meteorWorld()
  const options = { profile: { name: 'Ada', born: new Date(0) }, other: 'is for the hook alone' }
  const { type, userId } = await world.accounts.updateOrCreateUserFromExternalService('facebook', { id: '1' }, options)
  expect(type).toBe('facebook')
  const user = await documentOf(world, userId)
  expect(user.profile).toEqual(options.profile)
  expect(user).not.toHaveProperty('other')
})

test('onExternalLogin changes the fields of a user who is there; fields that are excluded are hidden from it and stay', async () => {
  await using world = meteorWorld()
  const { accounts } = world
  const { userId } = await accounts.updateOrCreateUserFromExternalService('facebook', { id: '1' }, { profile: { name: 'Ada' } })
  await accounts.accounts.core.store.users.changeCustom(userId, custom => ({ ...custom, secretNote: 'hidden' }), 0)
  accounts.config({ defaultFieldSelector: { secretNote: 0 } })
  const seen: (MeteorUser | undefined)[] = []
  accounts.onExternalLogin((options, user) => {
    seen.push(user)
    return { ...options, profile: { name: 'Ada Lovelace' } }
  })
  expect(await accounts.updateOrCreateUserFromExternalService('facebook', { id: '1' }, { profile: { name: 'ignored' } })).toMatchObject({
    userId,
  })
  expect(seen).toMatchObject([{ _id: userId, profile: { name: 'Ada' } }])
  expect(seen[0]).not.toHaveProperty('secretNote')
  expect(await documentOf(world, userId)).toMatchObject({ profile: { name: 'Ada Lovelace' }, secretNote: 'hidden' })
})

test('whoever may not become a user is refused with an error for clients', async () => {
  await using world = meteorWorld({ restrictCreationByEmailDomain: 'example.org' })
  const { accounts } = world
  const come = (email: string): Promise<unknown> => accounts.updateOrCreateUserFromExternalService('facebook', { id: email, email })
  await expect(come('eve@example.com')).rejects.toMatchObject({ error: 403, reason: '@example.org email required' })
  accounts.validateNewUser(() => false)
  await expect(come('eve@example.org')).rejects.toMatchObject({ error: 403, reason: 'User validation failed' })
})

test('onExternalLogin also says what a new user begins with', async () => {
  await using world = meteorWorld()
  world.accounts.onExternalLogin((options, user) => ({ profile: { ...(options['profile'] as object), isNew: user === undefined } }))
  const { userId } = await world.accounts.updateOrCreateUserFromExternalService('facebook', { id: '1' }, { profile: { name: 'Ada' } })
  expect((await documentOf(world, userId)).profile).toEqual({ name: 'Ada', isNew: true })
})

test('onExternalLogin cannot set names, addresses or services of a user', async () => {
  await using world = meteorWorld()
  const { accounts } = world
  const { userId } = await accounts.updateOrCreateUserFromExternalService('facebook', { id: '1' })
  const before = await documentOf(world, userId)
  accounts.onExternalLogin(() => ({
    username: 'root',
    emails: [{ address: 'root@example.org', verified: true }],
    services: { password: { bcrypt: 'x' } },
    _id: 'other',
    createdAt: new Date(0),
    liked: true,
  }))
  await accounts.updateOrCreateUserFromExternalService('facebook', { id: '1' })
  expect(await documentOf(world, userId)).toEqual({ ...before, liked: true })
})

test('beforeExternalLogin is asked with service, data and the user who was found; false makes the call reject', async () => {
  await using world = meteorWorld()
  const { accounts } = world
  const { userId } = await accounts.updateOrCreateUserFromExternalService('facebook', { id: '1' }, { profile: { name: 'Ada' } })
  const asked: unknown[] = []
  accounts.beforeExternalLogin((...all) => {
    asked.push(all)
    return false
  })
  const refusal = { error: 403, reason: 'Login forbidden' }
  await expect(accounts.updateOrCreateUserFromExternalService('facebook', { id: '1', name: 'new' })).rejects.toMatchObject(refusal)
  await expect(accounts.updateOrCreateUserFromExternalService('facebook', { id: '2' })).rejects.toMatchObject(refusal)
  expect(asked).toMatchObject([
    ['facebook', { id: '1', name: 'new' }, { _id: userId, profile: { name: 'Ada' } }],
    ['facebook', { id: '2' }, undefined],
  ])
  // Nothing was written before it was asked.
  expect(await kept(world, userId, 'facebook')).toEqual({ id: '1' })
  expect(await accounts.accounts.core.store.users.count()).toBe(1)
})

test('setAdditionalFindUserOnExternalLogin can name a user who is there: the service becomes theirs, it is written down, and they are told', async () => {
  const mails: Mail[] = []
  await using world = meteorWorld({ sendMail: async mail => void mails.push(mail) })
  const { accounts } = world
  const { id: userId } = await accounts.accounts.createUser({ email: 'ada@example.org', emailVerified: true, password: PASSWORD })
  accounts.setAdditionalFindUserOnExternalLogin(async ({ serviceName, serviceData, options }) => {
    expect([serviceName, options]).toEqual(['google', { profile: { name: 'other' } }])
    return accounts._findUserByQuery({ email: String(serviceData['email']) })
  })
  const data = { id: 'g1', email: 'ada@example.org' }
  expect(await accounts.updateOrCreateUserFromExternalService('google', data, { profile: { name: 'other' } })).toEqual({
    type: 'google',
    userId,
  })
  const user = await documentOf(world, userId)
  expect(user.services).toMatchObject({ google: data, password: {} })
  expect(user).not.toHaveProperty('profile')
  const audit = await accounts.accounts.core.store.audit.list({ userId, limit: 10 })
  expect(audit).toContainEqual(
    expect.objectContaining({ type: 'account-linked', data: { provider: 'google', by: 'app', transport: 'app' } }),
  )
  await expect.poll(() => mails).toMatchObject([{ to: 'ada@example.org', text: expect.stringContaining('google') as string }])
})

test('facebook: the same id is the same user; what it says is kept beside what it said, and the profile stays', async () => {
  await using world = meteorWorld()
  const { accounts } = world
  const first = { id: 'f1', accessToken: 'token-1', llama: 50 }
  const { userId } = await accounts.updateOrCreateUserFromExternalService('facebook', first, { profile: { foo: 1 } })
  const second = { id: 'f1', accessToken: 'token-2', expiresAt: 5 }
  expect(await accounts.updateOrCreateUserFromExternalService('facebook', second, { profile: { foo: 2 } })).toMatchObject({ userId })
  expect(await kept(world, userId, 'facebook')).toEqual({ id: 'f1', accessToken: 'token-2', llama: 50, expiresAt: 5 })
  const user = await documentOf(world, userId)
  expect(user.profile).toEqual({ foo: 1 })
  // Never with a token.
  expect(user.services).toEqual({ facebook: { id: 'f1', llama: 50, expiresAt: 5 } })
  expect(await accounts.accounts.core.store.users.count()).toBe(1)
})

test('meteor-developer: a name with a hyphen is the same user too, and the profile stays', async () => {
  await using world = meteorWorld()
  const { accounts } = world
  const { userId } = await accounts.updateOrCreateUserFromExternalService('meteor-developer', { id: 'd1' }, { profile: { name: 'Ada' } })
  expect(
    await accounts.updateOrCreateUserFromExternalService('meteor-developer', { id: 'd1', username: 'x' }, { profile: { name: 'B' } }),
  ).toMatchObject({ userId })
  expect(await documentOf(world, userId)).toMatchObject({
    profile: { name: 'Ada' },
    services: { 'meteor-developer': { id: 'd1', username: 'x' } },
  })
})

test('weibo: other ids are other users, and no emails are made of what it says', async () => {
  await using world = meteorWorld()
  const ids = await Promise.all(
    ['w1', 'w2'].map(id => world.accounts.updateOrCreateUserFromExternalService('weibo', { id, email: 'ada@example.org' })),
  )
  expect(new Set(ids.map(({ userId }) => userId)).size).toBe(2)
  for (const { userId } of ids) expect(await documentOf(world, userId)).not.toHaveProperty('emails')
})

test('twitter: a user with a number for an id is found by the text, which is then what is kept', async () => {
  await using world = meteorWorld()
  const { accounts } = world
  const { userId } = await accounts.updateOrCreateUserFromExternalService('twitter', { id: 123_456 }, { profile: { name: 'Ada' } })
  expect(await kept(world, userId, 'twitter')).toEqual({ id: '123456' })
  expect(await accounts.updateOrCreateUserFromExternalService('twitter', { id: '123456' })).toMatchObject({ userId })
  expect(await kept(world, userId, 'twitter')).toEqual({ id: '123456' })
})

test('twitter: a user whose document has a number for an id is found by the text, which is then what is kept', async () => {
  await using world = meteorWorld()
  const { accounts } = world
  const userId = await accounts.insertUserDoc({}, { services: { twitter: { id: 123_456, screenName: 'ada' } } })
  expect(await accounts.updateOrCreateUserFromExternalService('twitter', { id: '123456' })).toEqual({ type: 'twitter', userId })
  expect(await kept(world, userId, 'twitter')).toEqual({ id: '123456', screenName: 'ada' })
  expect(await accounts.accounts.core.store.users.count()).toBe(1)
})

test('names of no provider and data without an id are refused', async () => {
  await using world = meteorWorld()
  const { accounts } = world
  for (const name of ['password', 'resume'])
    await expect(accounts.updateOrCreateUserFromExternalService(name, { id: '1' })).rejects.toThrow(
      `Can't use updateOrCreateUserFromExternalService with internal service ${name}`,
    )
  for (const data of [{}, null, { id: '' }, { id: {} }, Object.create({ id: '1' })])
    await expect(accounts.updateOrCreateUserFromExternalService('facebook', data as { id: string })).rejects.toThrow(
      'Service data for service facebook must include id',
    )
})

test('each of the three hooks can be set once', async () => {
  await using world = meteorWorld()
  const { accounts } = world
  const set = {
    onExternalLogin: () => accounts.onExternalLogin(() => ({})),
    beforeExternalLogin: () => accounts.beforeExternalLogin(() => true),
    setAdditionalFindUserOnExternalLogin: () => accounts.setAdditionalFindUserOnExternalLogin(() => undefined),
  }
  for (const [name, again] of Object.entries(set)) {
    const stop = again()
    expect(again).toThrow(`Can only call ${name} once`)
    stop()
    expect(again).not.toThrow()
  }
})

test('secrets that were sealed for nobody yet are sealed for the user they come to belong to', async () => {
  await using world = meteorWorld({ oauthSecretKey: Buffer.alloc(16, 1).toString('base64') })
  const { oauthEncryption } = world.accounts
  const accessToken = oauthEncryption.sealSecret('provider token')
  const { userId } = await world.accounts.updateOrCreateUserFromExternalService('google', { id: 'g1', accessToken })
  const sealed = (await kept(world, userId, 'google'))?.['accessToken']
  expect(oauthEncryption.openSecret(sealed, userId)).toBe('provider token')
  expect(() => oauthEncryption.openSecret(sealed)).toThrow('decryption failed')
  // Also when the provider does not say it again.
  await world.accounts.updateOrCreateUserFromExternalService('google', { id: 'g1', name: 'Ada' })
  expect(oauthEncryption.openSecret((await kept(world, userId, 'google'))?.['accessToken'], userId)).toBe('provider token')
})

test('users come through providers while sign-up is closed, as the app vouches for them', async () => {
  await using world = meteorWorld({ forbidClientAccountCreation: true })
  const { userId } = await world.accounts.updateOrCreateUserFromExternalService('google', { id: 'g1' })
  expect(await documentOf(world, userId)).toMatchObject({ services: { google: { id: 'g1' } } })
})

test('the hooks are asked about sign-ins through AccountsOauth too', async () => {
  await using world = meteorWorld({ services: { oauth: new AccountsOauth({ example: echo }) } })
  const { accounts } = world
  const asked: string[] = []
  accounts.onExternalLogin((options, user) => {
    asked.push(`on ${user ? 'known' : 'new'}`)
    return { ...options, liked: true }
  })
  accounts.beforeExternalLogin((name, data) => {
    asked.push(`before ${name}`)
    return data['banned'] !== true
  })
  const login = (as: object): Promise<Login> => accounts.accounts.login('oauth', { provider: 'example', as }, ORIGIN)
  const { user } = await login(ADA)
  expect(user).toMatchObject({ custom: { liked: true }, emails: [{ address: 'ada@example.org', verified: true }] })
  expect((await login(ADA)).user.id).toBe(user.id)
  expect(asked).toEqual(['before example', 'on new', 'before example', 'on known'])
  await expect(login({ ...ADA, banned: true })).rejects.toMatchObject({ message: expect.stringContaining('Login forbidden') as string })
  expect(await kept(world, user.id, 'example')).not.toHaveProperty('banned')
})

test('a first sign-in through AccountsOauth makes a user while clients may not create any, unless providers are closed too', async () => {
  const services = { oauth: new AccountsOauth({ example: echo }) }
  await using world = meteorWorld({ forbidClientAccountCreation: true, services })
  const login = (): Promise<Login> => world.accounts.accounts.login('oauth', { provider: 'example', as: ADA }, ORIGIN)
  expect((await login()).user.emails).toEqual([{ address: 'ada@example.org', verified: true }])
  await expect(world.accounts.accounts.signUp({ username: 'eve', password: PASSWORD }, ORIGIN)).rejects.toMatchObject({
    code: 'SignUpForbidden',
  })

  for (const closed of [{ signUpAllowed: false }, { forbidClientAccountCreation: true, providerSignUpAllowed: false }]) {
    await using other = meteorWorld({ ...closed, services: { oauth: new AccountsOauth({ example: echo }) } })
    await expect(other.accounts.accounts.login('oauth', { provider: 'example', as: ADA }, ORIGIN)).rejects.toMatchObject({
      code: 'SignUpForbidden',
    })
  }
})

test('config opens and closes sign-up for clients, and leaves providers open', async () => {
  await using world = meteorWorld({ services: { oauth: new AccountsOauth({ example: echo }) } })
  world.accounts.config({ forbidClientAccountCreation: true })
  expect(world.accounts.accounts.core.settings).toMatchObject({ signUpAllowed: false, providerSignUpAllowed: true })
  await world.accounts.accounts.login('oauth', { provider: 'example', as: ADA }, ORIGIN)
})

const ORIGIN = { ip: '192.0.2.1', userAgent: 'test', connectionId: '', transport: 'test', extra: {} }
