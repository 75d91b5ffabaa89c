/** Users as Meteor keeps them in MongoDB, moved by the script of examples/meteor-app. */
import { createHash } from 'node:crypto'
import { DDP } from '@latchkey/client/ddp'
import type { AccountsServer } from '@latchkey/server'
import { TOTP } from 'otpauth'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { startMeteor } from '../../e2e/support/meteor.ts'

// The example has no types.
const script = '../../examples/meteor-app/after/move-users.js'
let moveUser: (accounts: AccountsServer, document: Record<string, unknown>) => Promise<void>
beforeAll(async () => {
  ;({ moveUser } = (await import(script)) as { moveUser: typeof moveUser })
})

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64')
const PASSWORD = 'hunter2'
/** Of its digest. */
const BCRYPT = '$2a$04$BxRFmpanbZ8Euw.v1oOmlO4nWCHPiJGPiVp3lgBkvZ3my8ao7qEzW'
const PLAIN_TOKEN = 'cgZ5dBTxQyvv2gnAvi4B9b8e5yXgu7hRYLqCDXWmWZ5'
const OLD_TOKEN = 'bfZ5dBTxQyvv2gnAvi4B9b8e5yXgu7hRYLqCDXWmWZ5'
const TOKEN = 'aeZ5dBTxQyvv2gnAvi4B9b8e5yXgu7hRYLqCDXWmWZ5'

/** A document out of a Meteor app. */
const ada = () => ({
  _id: 'CMNZHTBzt9EPyGeiv',
  createdAt: new Date('2019-03-04T05:06:07.000Z'),
  username: 'Ada',
  emails: [{ address: 'Ada@Example.org', verified: true }],
  profile: { name: 'Ada', born: new Date('1815-12-10T00:00:00.000Z') },
  plan: 'free',
  services: {
    password: {
      bcrypt: BCRYPT,
      reset: { token: 'old', email: 'Ada@Example.org', when: new Date(), reason: 'reset' },
    },
    email: { verificationTokens: [{ token: 'old', address: 'Ada@Example.org', when: new Date() }] },
    resume: {
      loginTokens: [
        { when: new Date(), hashedToken: hashOf(TOKEN) },
        { when: new Date(), token: PLAIN_TOKEN },
        { when: new Date(), token: 'QwkSmTCZiw5KDx3L6' },
        { when: new Date('2020-01-01T00:00:00Z'), hashedToken: hashOf(OLD_TOKEN) },
      ],
    },
    github: { id: 4711, username: 'ada', accessToken: 'of github' },
  },
})

async function world() {
  const server = await startMeteor()
  const connection = DDP.connect(server.url)
  onTestFinished(async () => {
    connection.close()
    await server[Symbol.asyncDispose]()
  })
  return { server, connection }
}

test('who was signed in stays signed in, and everybody’s password works as clients of Meteor send it', async () => {
  const { server, connection } = await world()
  const { _id: id, ...user } = ada()
  await moveUser(server.accounts, { _id: id, ...user })
  expect(await connection.call('login', { resume: TOKEN })).toMatchObject({ id, token: TOKEN, type: 'resume' })
  expect(
    await connection.call('login', { user: { username: 'ada' }, password: { digest: digest(PASSWORD), algorithm: 'sha-256' } }),
  ).toMatchObject({ id, type: 'password' })
})

test('a login token that was kept as it is signs in, unless it is short enough to be guessed', async () => {
  const { server, connection } = await world()
  await moveUser(server.accounts, ada())
  expect(await connection.call('login', { resume: PLAIN_TOKEN })).toMatchObject({ token: PLAIN_TOKEN })
  await expect(connection.call('login', { resume: 'QwkSmTCZiw5KDx3L6' })).rejects.toMatchObject({ error: 403 })
})

test('a login token that was over stays over', async () => {
  const { server, connection } = await world()
  await moveUser(server.accounts, ada())
  await expect(connection.call('login', { resume: OLD_TOKEN })).rejects.toMatchObject({ error: 403 })
  expect(await connection.call('login', { resume: TOKEN })).toMatchObject({ token: TOKEN })
})

test('of two whose names differ only by case the second is refused, and so are names that could be addresses', async () => {
  const { server } = await world()
  await moveUser(server.accounts, ada())
  await expect(moveUser(server.accounts, { _id: 'another', username: 'ADA' })).rejects.toMatchObject({ error: 403 })
  await expect(moveUser(server.accounts, { _id: 'third', emails: [{ address: 'ada@example.org', verified: true }] })).rejects.toMatchObject(
    { error: 403 },
  )
  await expect(moveUser(server.accounts, { _id: 'fourth', username: 'ada@example.com' })).rejects.toMatchObject({ error: 400 })
})

test('documents arrive as they were, without secrets, and accounts elsewhere are found', async () => {
  const { server } = await world()
  const { _id: id, services: _services, ...fields } = ada()
  await moveUser(server.accounts, ada())
  const found = await server.accounts.users.findOneAsync({ 'services.github.id': '4711' })
  expect(found).toMatchObject({ _id: id, ...fields })
  expect(JSON.stringify(found)).not.toMatch(/of github|\$2[aby]\$|hashedToken/)
})

test('a second factor goes along', async () => {
  const { server, connection } = await world()
  const totp = new TOTP({})
  const user = ada()
  const services = { ...user.services, twoFactorAuthentication: { type: 'otp', secret: totp.secret.base32 } }
  await moveUser(server.accounts, { ...user, services })
  const proof = { user: { username: 'ada' }, password: { digest: digest(PASSWORD), algorithm: 'sha-256' } }
  await expect(connection.call('login', proof)).rejects.toMatchObject({ error: 'no-2fa-code' })
  expect(await connection.call('login', { ...proof, code: totp.generate() })).toMatchObject({ id: user._id })
})
