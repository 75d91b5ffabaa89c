import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { readConfig } from './read.ts'
import type { Sources } from './read.ts'
import { KEYS, TABLE } from './table.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'latchkey-config-'))
})
afterAll(() => rm(folder, { recursive: true }))

const file = async (name: string, content: string): Promise<string> => {
  const written = path.join(folder, name)
  await writeFile(written, content)
  return written
}

const refused = async (sources: Sources): Promise<string> => {
  const error: unknown = await readConfig(sources).then(
    () => new Error('was accepted'),
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({ code: 'InvalidSettings' })
  return (error as Error).message
}

test('with nothing said, every setting has its default', async () => {
  const { config, sources } = await readConfig({})
  for (const key of KEYS) {
    expect(config[key]).toEqual(key === 'data' ? path.resolve('./data') : TABLE[key].fallback)
    expect(sources[key]).toBe('default')
  }
})

test('a flag wins over the environment, the environment over the file, the file over the default', async () => {
  const config = await file('precedence.json', JSON.stringify({ port: 1111, host: 'file.test', signUp: false }))
  const env = { PORT: '2222', HOST: 'environment.test' }
  const read = await readConfig({ file: config, env, flags: { port: '3333' } })
  expect(read.config).toMatchObject({ port: 3333, host: 'environment.test', signUp: false, logLevel: 'info' })
  expect(read.sources).toMatchObject({ port: 'flag', host: 'environment', signUp: 'file', logLevel: 'default' })
})

test('each setting is read from each place it can come from', async () => {
  const texts: Partial<Record<keyof typeof TABLE, string>> = {
    host: '0.0.0.0',
    port: '8080',
    baseUrl: 'https://accounts.example.org/',
    data: '/var/lib/latchkey',
    databaseUrl: 'postgres://ada@db/accounts',
    migrate: 'off',
    secret: 'from somewhere',
    retiredSecrets: 'one, two',
    smtpUrl: 'smtp://mail.example.org:2525',
    mailFrom: 'Example <accounts@example.org>',
    signUp: 'no',
    emailVerification: 'required',
    accessTokenLifetime: '15m',
    sessionIdle: 'never',
    sessionLifetime: '1 d',
    corsOrigins: 'https://a.example.org,https://b.example.org',
    trustedProxies: '10.0.0.0/8, ::1',
    cookieDomain: 'example.org',
    rateLimits: 'off',
    graphql: 'off',
    graphqlIntrospection: 'on',
    ddp: 'off',
    logLevel: 'debug',
    logFormat: 'json',
    shutdownTimeout: '500ms',
  }
  const expected = {
    host: '0.0.0.0',
    port: 8080,
    baseUrl: 'https://accounts.example.org',
    data: '/var/lib/latchkey',
    databaseUrl: 'postgres://ada@db/accounts',
    migrate: false,
    secret: 'from somewhere',
    retiredSecrets: ['one', 'two'],
    smtpUrl: 'smtp://mail.example.org:2525',
    mailFrom: 'Example <accounts@example.org>',
    signUp: false,
    emailVerification: 'required',
    accessTokenLifetime: 900_000,
    sessionIdle: null,
    sessionLifetime: 86_400_000,
    corsOrigins: ['https://a.example.org', 'https://b.example.org'],
    trustedProxies: ['10.0.0.0/8', '::1'],
    cookieDomain: 'example.org',
    rateLimits: false,
    graphql: false,
    graphqlIntrospection: 'on',
    ddp: false,
    logLevel: 'debug',
    logFormat: 'json',
    shutdownTimeout: 500,
  }
  expect(Object.keys(texts)).toEqual(KEYS.filter(key => key !== 'production'))
  const env = Object.fromEntries(Object.entries(texts).map(([key, value]) => [TABLE[key as keyof typeof TABLE].env, value]))
  const inFile = await file('texts.json', JSON.stringify(texts))
  const native = await file('native.json', JSON.stringify(expected))
  for (const sources of [{ env }, { flags: texts }, { file: inFile }, { flags: expected }, { file: native }]) {
    expect((await readConfig(sources)).config).toEqual({ production: false, ...expected })
  }
})

test('only NODE_ENV=production, and a file that says so, mean production', async () => {
  const on = await file('production.json', '{ "production": true }')
  const isProduction = async (sources: Sources) => (await readConfig(sources)).config.production
  expect(await isProduction({ env: { NODE_ENV: 'production' } })).toBe(true)
  expect(await isProduction({ env: { NODE_ENV: 'development' } })).toBe(false)
  expect(await isProduction({ file: on, env: { NODE_ENV: 'development' } })).toBe(true)
  expect(await isProduction({ flags: { production: true } })).toBe(true)
})

test('secrets can come from files, without the line break at their end', async () => {
  const secret = await file('secret.txt', 'a secret from a file\n')
  const { config, sources } = await readConfig({ env: { LATCHKEY_SECRET_FILE: secret } })
  expect(config.secret).toBe('a secret from a file')
  expect(sources.secret).toBe('environment')
})

test('a secret file that cannot be read, or stands beside its own variable, is refused', async () => {
  expect(await refused({ env: { DATABASE_URL_FILE: '/nowhere/at/all' } })).toContain(
    'DATABASE_URL_FILE names /nowhere/at/all, which cannot be read (ENOENT)',
  )
  const secret = await file('twice.txt', 'x')
  expect(await refused({ env: { LATCHKEY_SECRET: 'y', LATCHKEY_SECRET_FILE: secret } })).toContain('are both set')
})

test('settings that hold no secret have no _FILE variant', async () => {
  expect(await refused({ env: { LATCHKEY_DATA_FILE: '/etc/hostname' } })).toContain('Unknown environment variable LATCHKEY_DATA_FILE')
})

test('unknown names are refused with the nearest known one', async () => {
  const misspelt = await file('misspelt.json', '{ "prot": 3000 }')
  expect(await refused({ env: { LATCHKEY_SECERT: 'x' } })).toContain('did you mean LATCHKEY_SECRET?')
  expect(await refused({ env: { LATCHKEY_RATELIMITS: 'off' } })).toContain('did you mean LATCHKEY_RATE_LIMITS?')
  expect(await refused({ file: misspelt })).toMatch(/Unknown setting "prot" in misspelt.json\n {4}Fix: did you mean port\?/)
  expect(await refused({ env: { LATCHKEY_COMPLETELY_ELSE: 'x' } })).toContain('remove it; known are LATCHKEY_CONFIG')
  expect(await refused({ flags: { prot: 1 } })).toContain('did you mean port?')
})

test('variables of other programs, of our own tests, and empty ones are left alone', async () => {
  const { config } = await readConfig({ env: { HOME: '/root', LATCHKEY_TEST_POSTGRES: 'x', LATCHKEY_SECERT: '', PORT: '' } })
  expect(config.port).toBe(3000)
})

test('REDIS_URL is refused, because this version would ignore it', async () => {
  expect(await refused({ env: { REDIS_URL: 'redis://localhost' } })).toContain('does not use Redis')
})

test('all problems are told at once, each with its fix', async () => {
  const message = await refused({
    env: { PORT: 'http', LATCHKEY_SIGN_UP: 'maybe', LATCHKEY_CORS_ORIGINS: '*', LATCHKEY_LOG_LEVEL: 'loud' },
  })
  expect(message).toContain('PORT must be a whole number from 0 to 65535. Received "http"')
  expect(message).toContain('LATCHKEY_SIGN_UP must be on or off. Received "maybe"')
  expect(message).toContain('* and null are refused')
  expect(message).toContain('LATCHKEY_LOG_LEVEL must be debug, info, warn, error or silent')
  expect(message.match(/Fix:/g)).toHaveLength(4)
})

test.each(['LATCHKEY_SECRET', 'LATCHKEY_RETIRED_SECRETS'])('%s takes no JWK for a secret, nor its parts for several', async name => {
  const jwk = JSON.stringify({ crv: 'Ed25519', x: 'known-to-everybody', kty: 'OKP' })
  const message = await refused({ env: { [name]: jwk } })
  expect(message).toContain(`${name} must hold keys as PEM, not as JWK`)
  expect(message).not.toContain('known-to-everybody')
})

test('a wrong secret is not shown', async () => {
  const message = await refused({ env: { DATABASE_URL: 'mysql://root:hunter2@db/x', SMTP_URL: 'hunter2' } })
  expect(message).toContain('DATABASE_URL must begin with postgres:// or file:')
  expect(message).not.toContain('hunter2')
})

test.each([
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['PORT', '0x50'],
  ['PORT', '3000.5'],
  ['LATCHKEY_BASE_URL', 'ftp://example.org'],
  ['LATCHKEY_BASE_URL', 'example.org'],
  ['LATCHKEY_SESSION_IDLE', '0s'],
  ['LATCHKEY_SESSION_IDLE', 'a while'],
  ['LATCHKEY_CORS_ORIGINS', 'null'],
  ['LATCHKEY_CORS_ORIGINS', 'https://a.example.org/path'],
  ['LATCHKEY_TRUSTED_PROXIES', 'everybody'],
  ['LATCHKEY_MAIL_FROM', 'a@example.org, b@example.org'],
  ['LATCHKEY_MAIL_FROM', 'Example <a@example.org>\r\nBcc: b@example.org'],
  ['LATCHKEY_COOKIE_DOMAIN', 'org'],
  ['DATABASE_URL', 'mongodb://db'],
])('%s=%s is refused', async (name, value) => {
  expect(await refused({ env: { [name]: value } })).toContain(name)
})

test('whatever an environment holds, reading it either succeeds or refuses with InvalidSettings', async () => {
  const names = fc.constantFrom(...KEYS.filter(key => !TABLE[key].secret).map(key => TABLE[key].env), 'LATCHKEY_X')
  await fc.assert(
    fc.asyncProperty(fc.dictionary(names, fc.string({ unit: 'binary' })), async env => {
      const outcome = await readConfig({ env }).then(
        () => 'read',
        (error: { code?: unknown }) => error.code,
      )
      expect(['read', 'InvalidSettings']).toContain(outcome)
    }),
  )
})

test('a config file may be JavaScript, and is found in the working folder', async () => {
  const own = await mkdtemp(path.join(folder, 'js-'))
  await writeFile(path.join(own, 'latchkey.config.mjs'), 'export default { port: 4000 + 1, data: "kept" }')
  const { config, file: found } = await readConfig({ folder: own })
  expect(config).toMatchObject({ port: 4001, data: path.join(own, 'kept') })
  expect(found).toBe(path.join(own, 'latchkey.config.mjs'))
})

test('two config files in one folder, a missing, a broken and an empty one are refused', async () => {
  const own = await mkdtemp(path.join(folder, 'two-'))
  await writeFile(path.join(own, 'latchkey.config.json'), '{}')
  await writeFile(path.join(own, 'latchkey.config.js'), 'export default {}')
  expect(await refused({ folder: own })).toContain('several config files: latchkey.config.json and latchkey.config.js')
  expect(await refused({ file: path.join(own, 'missing.json') })).toContain('correct the path')
  expect(await refused({ file: await file('broken.json', '{ port: 3000 }') })).toContain('broken.json cannot be read')
  expect(await refused({ file: await file('list.json', '[]') })).toContain('does not hold an object')
  expect(await refused({ env: { LATCHKEY_CONFIG: await file('empty.mjs', '') } })).toContain('does not hold an object')
})

test('every flag is the name of its setting in the file, so the two cannot drift apart', () => {
  const flags = KEYS.flatMap(key => TABLE[key].flag?.split(' ')[0] ?? [])
  const expected = KEYS.filter(key => TABLE[key].flag !== undefined).map(
    key => `--${key.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`,
  )
  expect(flags).toEqual(expected)
})

test('no secret but the database address, which often holds none, can be given as a flag', () => {
  expect(KEYS.filter(key => TABLE[key].secret && TABLE[key].flag !== undefined)).toEqual(['databaseUrl'])
})
