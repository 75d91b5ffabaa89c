import { expect, test } from 'vitest'
import { newSecret } from '../data/secret.ts'
import { judge } from './judge.ts'
import { readConfig } from './read.ts'

const SAFE = {
  NODE_ENV: 'production',
  LATCHKEY_BASE_URL: 'https://accounts.example.org',
  SMTP_URL: 'smtps://user:password@mail.example.org',
  LATCHKEY_MAIL_FROM: 'accounts@example.org',
  LATCHKEY_TRUSTED_PROXIES: '127.0.0.1',
}

async function judged(env: Record<string, string>, secret = newSecret(), openToOthers = 0) {
  const { config } = await readConfig({ env })
  return judge(config, { value: secret, openToOthers }).map(({ topic, refuses }) => `${refuses ? 'refuses' : 'warns of'} ${topic}`)
}

test('a complete production configuration passes without a word', async () => {
  expect(await judged(SAFE)).toEqual([])
})

test('development with nothing set passes without a word', async () => {
  expect(await judged({})).toEqual([])
})

test.each([
  ['no base URL', { LATCHKEY_BASE_URL: '' }, ['refuses base-url']],
  ['an http base URL', { LATCHKEY_BASE_URL: 'http://accounts.example.org' }, ['refuses base-url']],
  ['no mail server', { SMTP_URL: '' }, ['refuses mail']],
  ['rate limits off', { LATCHKEY_RATE_LIMITS: 'off' }, ['refuses rate-limits']],
  ['a weak retired secret', { LATCHKEY_RETIRED_SECRETS: 'SECRET' }, ['refuses secret']],
  ['a cookie domain elsewhere', { LATCHKEY_COOKIE_DOMAIN: 'example.com' }, ['refuses base-url']],
  ['everybody as a proxy', { LATCHKEY_TRUSTED_PROXIES: '0.0.0.0/0' }, ['refuses proxies']],
  ['no sender', { LATCHKEY_MAIL_FROM: '' }, ['warns of mail']],
  ['an http page that may call', { LATCHKEY_CORS_ORIGINS: 'http://app.example.org' }, ['warns of cors']],
  ['a proxy in front that is not trusted', { LATCHKEY_TRUSTED_PROXIES: '' }, ['warns of proxies']],
])('production with %s: %s', async (_name, change, expected) => {
  expect(await judged({ ...SAFE, ...change })).toEqual(expected)
})

test.each(['SECRET', 'x'.repeat(64), newSecret().slice(0, 31)])(
  'the weak secret %s is refused in production and only warned of elsewhere',
  async secret => {
    expect(await judged(SAFE, secret)).toEqual(['refuses secret'])
    expect(await judged({}, secret)).toEqual(['warns of secret'])
  },
)

test('a secret file that others can read is refused in production', async () => {
  expect(await judged(SAFE, newSecret(), 0o044)).toEqual(['refuses secret'])
  expect(await judged({}, newSecret(), 0o044)).toEqual(['warns of secret'])
})

test('each judgement says what to do', async () => {
  const { config } = await readConfig({
    env: { NODE_ENV: 'production', LATCHKEY_RATE_LIMITS: 'off', LATCHKEY_BASE_URL: 'http://a.example.org' },
  })
  const fixes = judge(config, { value: 'weak', openToOthers: 0 }).map(({ fix }) => fix)
  expect(fixes).toContain('set LATCHKEY_BASE_URL=https://a.example.org')
  expect(fixes).toContain('remove LATCHKEY_RATE_LIMITS=off')
  expect(fixes.join()).toContain('npx latchkey secret')
  expect(fixes.join()).toContain('set SMTP_URL')
})
