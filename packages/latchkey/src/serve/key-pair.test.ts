/** A private key in the place of the secret, from the start of a server to the service that checks its tokens. */
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { TwoFactorSecret } from '@latchkey/common'
import { silentLog } from '@latchkey/server'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hasPostgres } from '../../../../tools/test/postgres.ts'
import { codeOf, wrongCode } from '../../../server/src/testing/two-factor.ts'
import { addOldUser, OLD_HASHES, typeormDatabase } from '../../testing/accounts-js-database.ts'
import { pemOf } from '../../testing/keys.ts'
import { cli, newFolder } from '../../testing/world.ts'
import { readConfig } from '../config/read.ts'
import { newSecret } from '../data/secret.ts'
import { runStandalone } from './standalone.ts'
import type { RunningStandalone } from './standalone.ts'

const first = pemOf(generateKeyPairSync('ed25519'))
const second = pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }))
const short = pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }))

const EMAIL = 'ada@example.org'
const PASSWORD = 'correct horse battery staple'

let folder: string
let close: () => Promise<void>
let running: RunningStandalone | undefined
beforeEach(async () => ({ folder, close } = await newFolder()))
afterEach(async () => {
  await running?.stop()
  running = undefined
  await close()
})

/** Starts a server on the one data folder of a test, in the place of the one that ran. */
async function start(env: Record<string, string>): Promise<void> {
  await running?.stop()
  running = undefined
  const { config } = await readConfig({ env: { PORT: '0', LATCHKEY_RATE_LIMITS: 'off', ...env }, flags: { data: folder } })
  running = await runStandalone(config, silentLog)
}

const base = (): string => `http://127.0.0.1:${running?.port ?? 0}`
const headers = (token?: string): Record<string, string> => ({
  'content-type': 'application/json',
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
})

async function post<T>(route: string, body: object, token?: string): Promise<T> {
  const answer = await fetch(`${base()}/accounts${route}`, { method: 'POST', headers: headers(token), body: JSON.stringify(body) })
  return (await answer.json()) as T
}

interface LoggedIn {
  tokens: { accessToken: string; refreshToken: string }
}
const login = (more: object = {}): Promise<LoggedIn> => post('/password/authenticate', { user: EMAIL, password: PASSWORD, ...more })
const whose = async (token: string): Promise<string | undefined> => {
  const user = (await (await fetch(`${base()}/accounts/user`, { headers: headers(token) })).json()) as { username?: string } | null
  return user?.username
}
const createUser = (env: Record<string, string>) =>
  cli(['user', 'create', '--email', EMAIL, '--username', 'ada', '--password-stdin', '--data', folder], { env, stdin: PASSWORD })
const publicKeys = async (): Promise<{ alg: string }[]> =>
  ((await (await fetch(`${base()}/.well-known/jwks.json`)).json()) as { keys: { alg: string }[] }).keys

test('signs tokens that another service verifies by the public keys, from a file or from a variable without line breaks', async () => {
  const file = path.join(folder, 'key.pem')
  await writeFile(file, first.privateKey)
  expect((await createUser({ LATCHKEY_SECRET_FILE: file })).code).toBe(0)
  for (const given of [{ LATCHKEY_SECRET_FILE: file }, { LATCHKEY_SECRET: first.privateKey.replaceAll('\n', String.raw`\n`) }]) {
    await start(given)
    const { tokens } = await login()
    const keys = createRemoteJWKSet(new URL(`${base()}/.well-known/jwks.json`))
    const { payload } = await jwtVerify(tokens.accessToken, keys, { algorithms: ['EdDSA'], typ: 'at+jwt' })
    expect(payload.sub).toBe((payload['data'] as { userId: string }).userId)
    expect(await whose(tokens.accessToken)).toBe('ada')
    expect(JSON.stringify(await publicKeys())).not.toContain('"d"')
  }
})

test('takes the place of a secret, and another key its own, and nobody is signed out', async () => {
  const secret = newSecret()
  await createUser({ LATCHKEY_SECRET: secret })
  await start({ LATCHKEY_SECRET: secret })
  expect(await publicKeys()).toEqual([])
  const before = await login()
  const { secret: offered } = await post<{ secret: TwoFactorSecret }>('/password/twoFactorSecret', {}, before.tokens.accessToken)
  const clock = { now: () => Date.now() }
  await post('/password/twoFactorSet', { secret: offered, code: codeOf(offered, clock) }, before.tokens.accessToken)

  await start({ LATCHKEY_SECRET: first.privateKey, LATCHKEY_RETIRED_SECRETS: secret })
  expect((await publicKeys()).map(({ alg }) => alg)).toEqual(['EdDSA'])
  expect(await whose(before.tokens.accessToken)).toBe('ada')
  const refreshed = await post<LoggedIn>('/refreshTokens', before.tokens)
  expect(await whose(refreshed.tokens.accessToken)).toBe('ada')

  const retired = path.join(folder, 'retired')
  await writeFile(retired, `${first.privateKey}\n${secret}\n`)
  await start({ LATCHKEY_SECRET: second.privateKey, LATCHKEY_RETIRED_SECRETS_FILE: retired })
  expect((await publicKeys()).map(({ alg }) => alg)).toEqual(['ES256', 'EdDSA'])
  expect(await whose(refreshed.tokens.accessToken)).toBe('ada')
  const again = await post<LoggedIn>('/refreshTokens', refreshed.tokens)
  expect(await whose(again.tokens.accessToken)).toBe('ada')
  // What the first secret sealed can still be opened: the code is looked at, and found to be wrong.
  expect(await login({ code: wrongCode(offered, clock) })).toMatchObject({ code: 'TwoFactorInvalid' })

  await start({ LATCHKEY_SECRET: second.privateKey })
  expect(await whose(before.tokens.accessToken)).toBeUndefined()
  expect(await whose(again.tokens.accessToken)).toBe('ada')
})

test.skipIf(!hasPostgres)('seals what an import brings, for the server that has the same key', async () => {
  const old = await typeormDatabase()
  try {
    const [base32, [password, bcrypt]] = ['JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', Object.entries(OLD_HASHES)[0] ?? ['', '']]
    const services = [{ name: 'two-factor', options: { secret: { base32 } } }]
    await addOldUser(old, { username: 'grace', bcrypt, services })
    const env = { LATCHKEY_SECRET: first.privateKey, ACCOUNTS_JS_URL: old.url }
    expect((await cli(['import', 'accounts-js', '--yes', '--data', folder], { env })).code).toBe(0)
    await start({ LATCHKEY_SECRET: first.privateKey })
    const code = codeOf({ base32 }, { now: () => Date.now() })
    const { tokens } = await post<LoggedIn>('/password/authenticate', { user: 'grace', password, code })
    expect(await whose(tokens.accessToken)).toBe('grace')
  } finally {
    await old.close()
  }
})

test.each([
  ['a public key', { LATCHKEY_SECRET: first.publicKey }, 'the secret is a public key, which cannot sign'],
  ['a weak key', { LATCHKEY_SECRET: short.privateKey }, 'the secret is too weak: an RSA key needs 2048 bits or more'],
  ['half a key', { LATCHKEY_SECRET: first.privateKey.slice(0, 70) }, 'the secret is a key that cannot be read'],
  ['half a retired key', { LATCHKEY_RETIRED_SECRETS: first.privateKey.slice(0, 70) }, 'a retired secret is a key that cannot be read'],
  ['one key twice', { LATCHKEY_SECRET: first.privateKey, LATCHKEY_RETIRED_SECRETS: first.publicKey }, 'one key is given twice'],
])('%s refuses the start, is a finding of doctor, and stops a command, in the same words', async (_name, env, words) => {
  await expect(start(env)).rejects.toThrow(words)
  const doctor = await cli(['doctor', '--json', '--data', folder], { env })
  expect(doctor.code).toBe(1)
  const { checks } = doctor.json() as { checks: { name: string; status: string; message: string; fix?: string }[] }
  expect(checks.find(({ name }) => name === 'secret')).toMatchObject({
    status: 'fail',
    message: expect.stringContaining(words) as unknown,
    fix: expect.stringContaining('LATCHKEY_') as unknown,
  })
  const command = await createUser(env)
  expect(command.code).not.toBe(0)
  expect(command.err).toContain(words)
  expect(doctor.out + command.err).not.toContain('MC4C')
})

test('is a finding of doctor when it is good, too, and is not shown', async () => {
  const doctor = await cli(['doctor', '--json', '--data', folder], { env: { LATCHKEY_SECRET: first.privateKey } })
  const { checks } = doctor.json() as { checks: { name: string }[] }
  expect(checks).toContainEqual({ name: 'secret', status: 'ok', message: 'a key pair' })
  expect(doctor.out).not.toContain('PRIVATE KEY')
})
