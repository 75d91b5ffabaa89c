import type { PublicUser } from '@latchkey/common'
import { expect, test } from 'vitest'
import type { Mail } from '../core/ports.ts'
import { PASSWORD } from '../testing/index.ts'
import { meteorWorld } from '../testing/meteor.ts'
import type { MeteorWorld } from '../testing/meteor.ts'
import type { MeteorServerOptions } from './meteor-options.ts'

const SITE = 'https://example.org'
const DAY = 86_400_000

interface MailWorld extends MeteorWorld {
  mails: Mail[]
  /** Waits for so many mails. */
  received(count: number): Promise<Mail[]>
}

function mailWorld(options: Partial<MeteorServerOptions> = {}): MailWorld {
  const mails: Mail[] = []
  const world = meteorWorld({ siteUrl: SITE, sendMail: async mail => void mails.push(mail), ...options })
  return {
    ...world,
    mails,
    async received(count) {
      await expect.poll(() => mails.length).toBe(count)
      return mails
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}

const passwordOf = (digested: string): object => ({ digest: digested, algorithm: 'sha-256' })

test('a link has no parameters of its own; those it is given stand before the hash', async () => {
  await using world = mailWorld()
  const { urls } = world.accounts
  expect(new URL(await urls.verifyEmail('t')).search).toBe('')
  expect(await urls.verifyEmail('t')).toBe(`${SITE}/#/verify-email/t`)
  for (const name of ['resetPassword', 'enrollAccount'] as const)
    expect(new URL(await urls[name]('t', { test: 'success' })).searchParams.get('test')).toBe('success')
  expect(await urls.resetPassword('t', { test: 'a&b', n: 1 })).toBe(`${SITE}/?test=a%26b&n=1#/reset-password/t`)
  expect(world.accounts.buildEmailUrl('welcome#x', { a: 'b' })).toBe(`${SITE}/welcome?a=b#x`)
})

test('the address in a link to sign in is encoded, so that a plus stays one', async () => {
  await using world = mailWorld()
  const url = await world.accounts.urls.loginToken('ada+news@example.org', 'A1B2C3', { from: 'mail' })
  expect(url).toBe(`${SITE}/?loginToken=A1B2C3&selector=ada%2Bnews%40example.org&from=mail`)
  expect(new URL(url).searchParams.get('selector')).toBe('ada+news@example.org')
})

test('sendResetPasswordEmail answers what it sent; extra parameters are in the link of the mail', async () => {
  await using world = mailWorld()
  const userId = await world.createUser('ada')
  const sent = await world.accounts.sendResetPasswordEmail(userId, undefined, { asked: 'by phone' }, { test: 'success' })
  expect(sent).toMatchObject({ email: 'ada@example.org', user: { _id: userId }, options: { to: 'ada@example.org' } })
  expect(sent.token).toMatch(/^[\w-]{43}$/)
  expect(sent.url).toBe(`${SITE}/?test=success#/reset-password/${sent.token}`)
  const [mail] = await world.received(1)
  expect(mail).toMatchObject({ to: 'ada@example.org', subject: sent.options.subject })
  expect(mail?.text).toContain(`\n${sent.url}\n`)
  expect(mail?.html).toContain(sent.url)
  // And it is good.
  const login = await world.accounts.accounts.resetPassword(sent.token, 'a new and better one', { ...ORIGIN }, 'resume')
  expect(login?.user.id).toBe(userId)
})

test('a mail of the core has the link in text and html, the sender of its kind and the headers of all', async () => {
  await using world = mailWorld()
  const { emailTemplates } = world.accounts
  emailTemplates.from = 'Latchkey <all@example.org>'
  emailTemplates.siteName = 'Our Site'
  emailTemplates.headers['My-Custom-Header'] = 'Cool'
  emailTemplates.resetPassword.from = async user => `Reset <reset-${user.username}@example.org>`
  await world.createUser('ada')
  const client = world.connect()
  expect(await client.call('1', 'forgotPassword', { email: 'ADA@example.org' })).not.toHaveProperty('error')
  const [mail] = await world.received(1)
  const [token] = /#\/reset-password\/[\w-]{43}/.exec(mail?.text ?? '') ?? []
  expect(token).toBeDefined()
  expect(mail?.html).toContain(`${SITE}/${token}`)
  expect(mail).toMatchObject({
    from: 'Reset <reset-ada@example.org>',
    subject: 'Choose a new password for Our Site',
    headers: { 'My-Custom-Header': 'Cool' },
  })
})

test('templates are the app’s to change: functions that answer later, and a text of its own without our html', async () => {
  await using world = mailWorld()
  const { accounts } = world
  const userId = await world.createUser('ada', { profile: { name: 'Ada Lovelace' } })
  const standard = await accounts.sendEnrollmentEmail(userId)
  expect(standard.options.text).toMatch(/^Hello Ada,/)
  expect(standard.options.html).toBeDefined()
  accounts.emailTemplates.enrollAccount.subject = async user =>
    `Welcome, ${(user.profile as { name: string }).name}\r\nBcc: all@example.org`
  accounts.emailTemplates.enrollAccount.text = async (_user, url, extra) => `${String(extra['greeting'])}: ${url}`
  const own = await accounts.sendEnrollmentEmail(userId, null, { greeting: 'Hi' })
  expect(own.options).toMatchObject({ subject: 'Welcome, Ada Lovelace Bcc: all@example.org', text: `Hi: ${own.url}` })
  expect(own.options).not.toHaveProperty('html')
  expect(own.url).toContain('#/enroll-account/')
})

test('the options emailTemplates and prepareMail word mails as on every other face', async () => {
  const emailTemplates = { from: 'all@example.org', enrollAccount: { text: (user: PublicUser, url: string) => `${user.id} ${url}` } }
  await using world = mailWorld({ emailTemplates })
  const userId = await world.createUser('ada')
  const { options, url } = await world.accounts.sendEnrollmentEmail(userId)
  expect(options).toEqual({
    to: 'ada@example.org',
    from: 'all@example.org',
    subject: 'Your account at example.org',
    text: `${userId} ${url}`,
  })

  await using other = mailWorld({ prepareMail: (to, token) => ({ from: 'x@example.org', to, subject: 'own', text: token }) })
  await other.createUser('ada')
  await other.connect().call('1', 'forgotPassword', { email: 'ada@example.org' })
  expect(await other.received(1)).toMatchObject([{ subject: 'own' }])
})

test('urls are the app’s to change, and may answer later', async () => {
  await using world = mailWorld()
  const userId = await world.createUser('ada')
  world.accounts.urls.verifyEmail = async token => `https://other.example/${token}`
  const { url, token } = await world.accounts.sendVerificationEmail(userId)
  expect(url).toBe(`https://other.example/${token}`)
})

test('adding an address and sending its verification, and a reset to that address although it is not the first', async () => {
  await using world = mailWorld()
  const userId = await world.createUser('ada')
  await world.accounts.accounts.addEmailOf(userId, 'ada@second.example', false)
  const verification = await world.accounts.sendVerificationEmail(userId, 'ada@second.example')
  expect(verification.url).toBe(`${SITE}/#/verify-email/${verification.token}`)
  await world.connect().call('1', 'forgotPassword', { email: 'ada@second.example' })
  // Beside them, one that tells the first address of the second.
  const mails = (await world.received(3)).filter(({ to }) => to === 'ada@second.example')
  expect(mails.map(({ text }) => /#\/([\w-]+)\//.exec(text)?.[1])).toEqual(['verify-email', 'reset-password'])
})

test('a reset asked for in another case goes to the address as it is kept, and leads in', async () => {
  await using world = mailWorld()
  await world.accounts.accounts.createUser({ email: 'Ada@example.org', password: PASSWORD })
  await world.connect().call('1', 'forgotPassword', { email: 'aDA@EXAMPLE.org' })
  const [mail] = await world.received(1)
  expect(mail?.to).toBe('Ada@example.org')
  const token = /#\/reset-password\/([\w-]{43})/.exec(mail?.text ?? '')?.[1]
  const client = world.connect()
  const reset = await client.call('2', 'resetPassword', token, passwordOf('a'.repeat(64)))
  expect(reset).toMatchObject({ result: { type: 'password' } })
  await client.call('3', 'logout')
  const login = await client.call('4', 'login', { user: { email: 'ada@example.org' }, password: passwordOf('a'.repeat(64)) })
  expect(login).not.toHaveProperty('error')
})

test('an invitation to a user who was made on the server leads to a password: signs in, verifies the address, and the password works later', async () => {
  await using world = mailWorld()
  const { id } = await world.accounts.accounts.createUser({ email: 'ada@example.org' })
  const { token, url } = await world.accounts.sendEnrollmentEmail(id)
  expect(url).toBe(`${SITE}/#/enroll-account/${token}`)
  expect((await world.accounts._findUserByQuery({ id }))?.emails).toEqual([{ address: 'ada@example.org', verified: false }])
  const client = world.connect()
  expect(await client.call('1', 'resetPassword', token, passwordOf('b'.repeat(64)))).toMatchObject({ result: { id, type: 'password' } })
  expect((await world.accounts._findUserByQuery({ id }))?.emails).toEqual([{ address: 'ada@example.org', verified: true }])
  await client.call('2', 'logout')
  const login = await client.call('3', 'login', { user: { email: 'ada@example.org' }, password: passwordOf('b'.repeat(64)) })
  expect(login).toMatchObject({ result: { id } })
})

test('who signs up with sendVerificationEmail gets exactly one mail, and is published with one unverified address and no services; its link signs in and verifies', async () => {
  await using world = mailWorld({ sendVerificationEmail: true })
  const client = world.connect()
  await client.call('1', 'createUser', { email: 'ada@example.org', password: passwordOf('a'.repeat(64)) })
  const published = client.all('added').filter(({ collection }) => collection === 'users')
  expect(published).toMatchObject([{ fields: { emails: [{ address: 'ada@example.org', verified: false }] } }])
  expect(published[0]?.['fields']).not.toHaveProperty('services')
  const [mail] = await world.received(1)
  const token = /#\/verify-email\/([\w-]{43})/.exec(mail?.text ?? '')?.[1]
  await client.call('2', 'logout')
  expect(await client.call('3', 'verifyEmail', token)).toMatchObject({ result: { type: 'password' } })
  const user = await world.accounts._findUserByQuery({ email: 'ada@example.org' })
  expect(user?.emails).toEqual([{ address: 'ada@example.org', verified: true }])
  expect(world.mails).toHaveLength(1)
})

test('a generated token says whose it is, for which address; without a mail', async () => {
  await using world = mailWorld({ ambiguousErrorMessages: false })
  const { accounts } = world
  const userId = await world.createUser('ada')
  expect(await accounts.generateResetToken(userId, null, 'resetPassword')).toMatchObject({
    email: 'ada@example.org',
    user: { _id: userId },
  })
  const { token } = await accounts.generateResetToken(userId, null, 'enrollAccount', { by: 'admin' })
  // An invitation lives longer than a reset.
  world.clock.pass(10 * DAY)
  expect((await accounts.accounts.resetPassword(token, 'a new and better one', ORIGIN, 'resume'))?.user.id).toBe(userId)
  await expect(accounts.generateResetToken('nobody')).rejects.toMatchObject({ error: 403, reason: "Can't find user" })
  await expect(accounts.generateResetToken(userId, 'other@example.org')).rejects.toMatchObject({ reason: 'No such email for user.' })
  await expect(accounts.generateVerificationToken(userId)).rejects.toMatchObject({
    reason: 'That user has no unverified email addresses.',
  })
  expect(world.mails).toEqual([])
})

test('with ambiguous messages these errors say nothing', async () => {
  await using world = mailWorld()
  const refusal = { error: 403, reason: 'Something went wrong. Please check your credentials.' }
  await expect(world.accounts.generateResetToken('nobody')).rejects.toMatchObject(refusal)
})

test('a code that the app made is mailed by the template sendLoginToken', async () => {
  await using world = mailWorld()
  const userId = await world.createUser('ada')
  const sent = await world.accounts.sendLoginTokenEmail({ userId, sequence: 'A1B2C3' })
  expect(sent).toMatchObject({ email: 'ada@example.org', token: 'A1B2C3', url: `${SITE}/?loginToken=A1B2C3&selector=ada%40example.org` })
  expect(sent.options.text).toContain('A1B2C3')
  expect(await world.received(1)).toMatchObject([{ to: 'ada@example.org' }])
})

test('codes to sign in are worded by sendLoginToken too, with the link of urls.loginToken', async () => {
  await using world = mailWorld()
  await world.createUser('ada')
  world.accounts.emailTemplates.sendLoginToken.text = (_user, url, extra) => `${String(extra['sequence'])} ${url}`
  await world.connect().call('1', 'requestLoginTokenForUser', { selector: { email: 'ada@example.org' }, userData: {} })
  const [mail] = await world.received(1)
  expect(mail?.text).toMatch(/^([0-9A-F]{6}) https:\/\/example\.org\/\?loginToken=\1&selector=ada%40example\.org$/)
})

test('a mail that would go elsewhere, or has a second header in one, is not worded', async () => {
  await using world = mailWorld()
  const { accounts } = world
  const user = { _id: 'u1' }
  await expect(accounts.generateOptionsForEmail('a@example.org, b@example.org', user, SITE, 'verifyEmail')).rejects.toThrow('one recipient')
  accounts.emailTemplates.from = 'x@example.org\r\nBcc: b@example.org'
  await expect(accounts.generateOptionsForEmail('a@example.org', user, SITE, 'verifyEmail')).rejects.toThrow('control characters')
  await expect(accounts.generateOptionsForEmail('a@example.org', user, SITE, 'toString')).rejects.toMatchObject({ code: 'InvalidInput' })
})

test('nothing of a mail that waits can be read in the store', async () => {
  await using world = mailWorld({ sendMail: () => Promise.reject(new Error('no')) })
  const userId = await world.createUser('ada')
  const { token } = await world.accounts.sendResetPasswordEmail(userId)
  const { outbox } = world.accounts.accounts.core.store
  world.clock.pass(DAY)
  const waiting = await outbox.claim(world.clock.now(), 10, 0)
  expect(waiting).toMatchObject([{ template: 'written', userId }])
  expect(JSON.stringify(waiting)).not.toContain(token)
})

const ORIGIN = { ip: '192.0.2.1', userAgent: 'test', connectionId: '', transport: 'test', extra: {} }
