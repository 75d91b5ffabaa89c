/** What Meteor's functions of a client do, say and refuse, over real sockets. */
import { createHash } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { expect, test, vi } from 'vitest'
import { idOf, PASSWORD, startMeteor, tokenOf, until } from './support/meteor.ts'

const failureOf = (call: (callback: (error?: unknown) => void) => unknown): Promise<unknown> => new Promise(resolve => call(resolve))

test('a person signs in by name or address, as a text or as an object', async () => {
  await using server = await startMeteor()
  const id = await server.createUser()
  const client = server.client()
  for (const who of ['ada', { username: 'ada' }, 'ada@example.org', { email: 'ada@example.org' }, { id }, 'ADA']) {
    await client.loginWithPassword(who, PASSWORD)
    expect(client.userId()).toBe(id)
    await client.logout()
  }
  await client.loginWithPasswordAsync('ada', PASSWORD)
  expect(client.userId()).toBe(id)
})

test('an empty password refuses a sign-up: thrown without a callback, told to the callback otherwise', async () => {
  await using server = await startMeteor()
  const client = server.client()
  const user = { username: 'ada', password: '' }
  expect(() => client.createUser(user)).toThrow('Password may not be empty')
  expect(await failureOf(callback => client.createUser(user, callback))).toMatchObject({ error: 400, reason: 'Password may not be empty' })
  await expect(client.createUserAsync(user)).rejects.toMatchObject({ reason: 'Password may not be empty' })
  expect(() => client.createUser({ username: 'ada' } as never)).toThrow('options.password must be a string')
})

test('a new password is judged by its length here, where it can be seen, and an old one is not', async () => {
  await using server = await startMeteor()
  const client = server.client()
  expect(() => client.createUser({ username: 'ada', password: 'qp7xw3z' })).toThrow('Password must have at least 8 characters')
  expect(() => client.createUser({ username: 'ada', password: 'x'.repeat(257) })).toThrow('Password must have at most 256 characters')
  await server.client({ passwordMinLength: 3 }).createUser({ username: 'ada', password: 'qp7xw3z' })
  await client.loginWithPassword('ada', 'qp7xw3z')
  expect(() => client.changePassword('qp7xw3z', 'short')).toThrow('at least 8')
  expect(() => client.resetPassword('a-token', 'short')).toThrow('at least 8')
})

test('the password is changed by whoever knows the old one, who stays signed in', async () => {
  await using server = await startMeteor()
  await server.createUser()
  const client = server.client()
  expect(() => client.changePassword(PASSWORD, 'another long one')).toThrow('Must be logged in to change password.')
  await client.loginWithPassword('ada', PASSWORD)
  expect(() => client.changePassword(PASSWORD, '')).toThrow('Password may not be empty')
  expect(() => client.changePassword(PASSWORD, 5 as never)).toThrow('Password must be a string')
  expect(await failureOf(callback => client.changePassword('not it', 'another long one', callback))).toMatchObject({ error: 403 })
  expect(client.userId()).not.toBeNull()
  await client.changePassword(PASSWORD, 'another long one')
  expect(client.userId()).not.toBeNull()
  const other = server.client()
  await expect(other.loginWithPassword('ada', PASSWORD)).rejects.toMatchObject({ reason: 'Incorrect password' })
  await other.loginWithPassword('ada', 'another long one')
})

test('changing the password signs a second client out, and forgets its token', async () => {
  await using server = await startMeteor()
  await server.createUser()
  const [first, second] = [server.client(), server.client()]
  await first.loginWithPassword('ada', PASSWORD)
  await second.loginWithPassword('ada', PASSWORD)
  await first.changePassword(PASSWORD, 'another long one')
  await until(() => second.userId() === null, 'the second client to be out')
  expect(second._storedLoginToken()).toBeNull()
  expect(first.userId()).not.toBeNull()
})

test('a forgotten password is chosen anew with the link in the mail, and that signs in', async () => {
  await using server = await startMeteor()
  const id = await server.createUser()
  const client = server.client()
  expect(() => client.forgotPassword({ email: '' })).toThrow('Must pass options.email')
  expect(await failureOf(callback => client.forgotPassword({ email: '' }, callback))).toMatchObject({ reason: 'Must pass options.email' })
  await client.forgotPassword({ email: 'ada@example.org' })
  const token = await server.tokenFor('ada@example.org')
  expect(() => client.resetPassword('', 'another long one')).toThrow('Token must be a string')
  expect(await failureOf(callback => client.resetPassword('', 'x', callback))).toMatchObject({ reason: 'Token must be a string' })
  expect(() => client.resetPassword(token, '')).toThrow('Password may not be empty')
  await client.resetPassword(token, 'another long one')
  expect(client.userId()).toBe(id)
})

test('forgotPassword hands its callback to the connection only when there is one', async () => {
  await using server = await startMeteor()
  const client = server.client()
  const call = vi.spyOn(client.connection, 'call').mockImplementation(async () => undefined)
  void client.forgotPassword({ email: 'ada@example.org' })
  client.forgotPassword({ email: 'ada@example.org' }, () => {})
  expect(call.mock.calls.map(args => args.length)).toEqual([2, 3])
})

test('an address is verified with the link in the mail, and that signs in', async () => {
  await using server = await startMeteor()
  const id = await server.createUser()
  const client = server.client()
  expect(() => client.verifyEmail('')).toThrow('Need to pass token')
  expect(await failureOf(callback => client.verifyEmail('', callback))).toMatchObject({ error: 400, reason: 'Need to pass token' })
  await client.connection.call('latchkey.sendVerificationEmail', { email: 'ada@example.org' })
  await client.verifyEmail(await server.tokenFor('ada@example.org'))
  expect(client.userId()).toBe(id)
  expect(client.user()?.emails).toEqual([{ address: 'ada@example.org', verified: true }])
})

test('logoutOtherClients ends the token that is used elsewhere, and the new one that is stored here works', async () => {
  await using server = await startMeteor()
  await server.createUser()
  const [here, there, later] = [server.client(), server.client(), server.client()]
  await here.loginWithPassword('ada', PASSWORD)
  const old = tokenOf(here)
  await there.loginWithToken(old)
  expect(there._storedLoginToken()).toBe(old)
  await here.logoutOtherClients()
  await until(() => there.userId() === null, 'the other client to be out')
  expect(here.userId()).not.toBeNull()
  expect(here._storedLoginToken()).not.toBe(old)
  await later.loginWithTokenAsync(tokenOf(here))
  await expect(server.client().loginWithToken(old)).rejects.toMatchObject({ error: 403 })
})

test('after a sign-out its token signs nobody in', async () => {
  await using server = await startMeteor()
  await server.createUser()
  const client = server.client()
  await client.loginWithPassword('ada', PASSWORD)
  const token = tokenOf(client)
  await client.logout()
  expect(client._storedLoginToken()).toBeNull()
  expect(client._storedLoginTokenExpires()).toBeNull()
  await expect(client.loginWithToken(token)).rejects.toMatchObject({
    reason: "You've been logged out by the server. Please log in again.",
  })
})

test('a second factor is set up, asked for, and given up', async () => {
  await using server = await startMeteor()
  await server.createUser()
  const client = server.client()
  await client.loginWithPassword('ada', PASSWORD)
  expect(await client.has2faEnabled()).toBe(false)
  expect(() => client.generate2faActivationQrCode('')).toThrow('An app name is necessary')
  const { svg, secret, uri } = await client.generate2faActivationQrCode('The app')
  expect([svg?.includes('<svg'), uri.startsWith('otpauth://totp/')]).toEqual([true, true])
  expect(() => client.enableUser2fa('')).toThrow('Must provide a code to validate')
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  // Of the codes that are good at a moment, this one and the next still are when half a minute begins.
  const at = Date.now()
  await client.enableUser2fa(totp.generate({ timestamp: at }))
  expect(await client.has2faEnabled()).toBe(true)
  await client.logout()

  await expect(client.loginWithPassword('ada', PASSWORD)).rejects.toMatchObject({ error: 'no-2fa-code' })
  expect(() => client.loginWithPasswordAnd2faCode('ada', PASSWORD, undefined as never)).toThrow(
    'token is required to use loginWithPasswordAnd2faCode and must be a string',
  )
  expect(client.userId()).toBeNull()
  await expect(client.loginWithPasswordAnd2faCode('ada', PASSWORD, '000000')).rejects.toMatchObject({ reason: 'Invalid 2FA code' })
  await client.loginWithPasswordAnd2faCode('ada', PASSWORD, totp.generate({ timestamp: at + 30_000 }))
  expect(client.userId()).not.toBeNull()
  await client.disableUser2fa()
  expect(await client.has2faEnabled()).toBe(false)
})

test('a code in a mail signs in, and a new user with it', async () => {
  await using server = await startMeteor()
  const client = server.client()
  expect(() => client.requestLoginTokenForUser({ selector: '' })).toThrow('Must pass selector')
  await client.requestLoginTokenForUser({ selector: 'new@example.org', userData: { email: 'new@example.org' } })
  await until(() => server.mails.length)
  const code = /\b[0-9A-F]{6}\b/.exec(server.mails[0]?.text ?? '')?.[0] ?? ''
  await expect(client.passwordlessLoginWithToken('new@example.org', code === '000000' ? '111111' : '000000')).rejects.toMatchObject({
    error: 403,
  })
  await client.passwordlessLoginWithToken('new@example.org', code)
  expect(client.user()?.emails).toEqual([{ address: 'new@example.org', verified: true }])
})

test('what is sent for a password is the digest Meteor sends', async () => {
  await using server = await startMeteor()
  const digest = createHash('sha256').update('Pässwörd 😈').digest('hex')
  expect(server.client()._hashPassword('Pässwörd 😈')).toEqual({ digest, algorithm: 'sha-256' })
})

test('deeds of accounts-js work over DDP as well', async () => {
  await using server = await startMeteor()
  const id = await server.createUser()
  const [laptop, phone] = [server.client(), server.client()]
  const { user, tokens } = await laptop.loginWithService('password', { user: 'ada', password: PASSWORD })
  expect([user.id, tokens]).toEqual([id, null])
  await phone.loginWithPassword('ada', PASSWORD)
  expect(await laptop.getUser()).toMatchObject({ id, username: 'ada', deactivated: false })
  const sessions = await laptop.sessions()
  expect(sessions.filter(({ current }) => current)).toHaveLength(1)
  expect(sessions).toHaveLength(2)
  await laptop.endSession(sessions.find(({ current }) => !current)?.id ?? '')
  await until(() => phone.userId() === null, 'the phone to be out')
  expect(laptop.state.get().status).toBe('signedIn')
  expect(await laptop.exportData()).toMatchObject({ user: { id } })
  expect((await laptop.settings()).strategies).toContain('password')
  await laptop.endSession(sessions.find(({ current }) => current)?.id ?? '')
  expect([laptop.userId(), laptop.state.get().status]).toEqual([null, 'signedOut'])
  await laptop.loginWithPassword('ada', PASSWORD)
  await laptop.deleteAccount(PASSWORD)
  expect(laptop.userId()).toBeNull()
})

test('fields of the user can be chosen, and a default leaves some out', async () => {
  await using server = await startMeteor()
  const client = server.client()
  await client.createUser({ username: 'ada', password: PASSWORD, profile: { name: 'Ada', bigArray: [1, 2] } })
  expect(client.user()).toMatchObject({ username: 'ada', profile: { name: 'Ada', bigArray: [1, 2] } })
  client.config({ defaultFieldSelector: { 'profile.bigArray': 0 } })
  expect(client.user()?.profile).toEqual({ name: 'Ada' })
  expect(client.user({})?.profile).toEqual({ name: 'Ada' })
  expect(client.user({ fields: {} })?.profile).toEqual({ name: 'Ada', bigArray: [1, 2] })
  expect(client.user({ fields: { 'profile.name': 1 } })).toEqual({ _id: client.userId(), profile: { name: 'Ada' } })
})

test('a page may change a user only by id, and only the own profile', async () => {
  await using server = await startMeteor()
  const other = await server.createUser('bob')
  const client = server.client()
  await client.createUser({ username: 'ada', password: PASSWORD, profile: { name: 'Ada' } })
  const id = idOf(client)
  await client.users.update(id, { $set: { 'profile.name': 'Ada L.' } })
  await until(() => client.users.findOne(id)?.['profile'] && client.user()?.profile?.['name'] === 'Ada L.')
  expect(() => client.users.update({ username: 'ada' }, { $set: { profile: {} } })).toThrow('may only update documents by ID')
  await expect(client.users.update(id, { $set: { username: 'eve' } })).rejects.toMatchObject({ error: 403 })
  await expect(client.users.updateAsync(other, { $set: { 'profile.name': 'Bob' } })).rejects.toMatchObject({ error: 403 })
  expect(client.users.find().map(({ _id }) => _id)).toEqual([id])
})

test('with no published fields left, whoever is signed in still has an _id', async () => {
  await using server = await startMeteor()
  server.accounts.setDefaultPublishFields({ nickname: 1 })
  const id = await server.createUser()
  const client = server.client()
  await client.loginWithPassword('ada', PASSWORD)
  expect(client.user()).toEqual({ _id: id })
})

test('a token that expires on the server signs its client out, is forgotten, and signs nobody in again', async () => {
  await using server = await startMeteor()
  const id = await server.createUser()
  const client = server.client()
  await client.loginWithPassword('ada', PASSWORD)
  const token = tokenOf(client)
  await server.accounts._expireTokens(new Date(Date.now() + 1000), id)
  await until(() => client.userId() === null, 'being signed out')
  expect(client._storedLoginToken()).toBeNull()
  await expect(client.loginWithToken(token)).rejects.toMatchObject({ error: 403 })
})
