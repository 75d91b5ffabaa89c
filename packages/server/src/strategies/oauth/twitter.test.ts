import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { newWorld } from '../../testing/index.ts'
import { AccountsOauth, AccountsOAuthTwitter } from './index.ts'
import type { AccountsOAuthTwitterOptions } from './index.ts'

const APP = { key: 'app key & more', secret: 'app secret/=' }
const TOKENS = { access_token: 'token 1+', access_token_secret: "secret(2)!*'" }

/** Twitter's API as far as it is asked: checks the signature by RFC 5849, computed in another way than by what is tested. */
async function fakeTwitter(answer: { status?: number; body?: unknown } = {}) {
  const asked: { signedBy: string | null; timestamp: number; nonce: string }[] = []
  const server = createServer((request, response) => {
    const { good, fields } = readSignature(request)
    asked.push({
      signedBy: good ? (fields.get('oauth_token') ?? null) : null,
      timestamp: Number(fields.get('oauth_timestamp')),
      nonce: fields.get('oauth_nonce') ?? '',
    })
    const profile = {
      id: 9007199254740992,
      id_str: '9007199254740993',
      screen_name: 'ada',
      profile_image_url_https: 'https://x/ada.png',
      email: 'ada@example.org',
    }
    response.writeHead(good ? (answer.status ?? 200) : 401, {
      'content-type': 'application/json',
      ...(answer.status === 302 ? { location: '/elsewhere' } : {}),
    })
    response.end(JSON.stringify(good ? (answer.body ?? profile) : { errors: [{ code: 32 }] }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/1.1`
  const close = (): Promise<void> => new Promise(resolve => void (server.closeAllConnections(), server.close(() => resolve())))
  return { asked, apiUrl, provider: new AccountsOAuthTwitter({ ...APP, apiUrl }), [Symbol.asyncDispose]: close }
}

/** The bytes that RFC 3986 calls unreserved stand for themselves, all others as `%XX`. */
const percent = (text: string): string =>
  [...Buffer.from(text)]
    .map(byte =>
      /[\w.~-]/.test(String.fromCharCode(byte)) && byte < 128
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')

function readSignature(request: IncomingMessage): { good: boolean; fields: Map<string, string> } {
  const header = request.headers.authorization ?? ''
  const fields = new Map([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, decodeURIComponent(value)]))
  const url = new URL(request.url ?? '', `http://${request.headers.host}`)
  const signed = [...fields].filter(([name]) => name !== 'oauth_signature').concat([...url.searchParams])
  const parameters = signed
    .map(([name, value]) => `${percent(name)}=${percent(value)}`)
    .toSorted()
    .join('&')
  const base = ['GET', percent(`${url.origin}${url.pathname}`), percent(parameters)].join('&')
  const key = `${percent(APP.secret)}&${percent(TOKENS.access_token_secret)}`
  const good =
    fields.get('oauth_consumer_key') === APP.key && createHmac('sha1', key).update(base).digest('base64') === fields.get('oauth_signature')
  return { good: good && header.startsWith('OAuth ') && url.searchParams.get('include_email') === 'true', fields }
}

describe('AccountsOAuthTwitter', () => {
  it('signs its question as Twitter wants it, and answers in accounts-js’s shape', async () => {
    await using twitter = await fakeTwitter()
    expect(await twitter.provider.authenticate(TOKENS)).toEqual({
      // Not the number, which has lost its last digit.
      id: '9007199254740993',
      screenName: 'ada',
      profilePicture: 'https://x/ada.png',
      email: 'ada@example.org',
      accessToken: TOKENS.access_token,
      accessTokenSecret: TOKENS.access_token_secret,
    })
    await twitter.provider.authenticate(TOKENS)
    expect(twitter.asked.map(({ signedBy }) => signedBy)).toEqual([TOKENS.access_token, TOKENS.access_token])
    expect(new Set(twitter.asked.map(({ nonce }) => nonce)).size).toBe(2)
    expect(Math.abs(Date.now() / 1000 - (twitter.asked[0]?.timestamp ?? 0))).toBeLessThan(60)
  })

  it('signs in with accounts-js’s parameters, and its tokens go no further', async () => {
    await using twitter = await fakeTwitter()
    const provider = new AccountsOAuthTwitter({
      ...APP,
      apiUrl: twitter.apiUrl,
      getRegistrationPayload: ({ screenName, email }) => ({ username: screenName, email }),
    })
    await using world = await newWorld({ services: { oauth: new AccountsOauth({ twitter: provider }) } })
    const login = await world.server.loginWithService('oauth', { provider: 'twitter', ...TOKENS }, {})
    // Twitter does not say that it verified the address.
    expect(login.user).toMatchObject({ username: 'ada', emails: [{ address: 'ada@example.org', verified: false }] })
    expect(JSON.stringify(login)).not.toContain(TOKENS.access_token)
    expect(await world.server.accounts.providerAccounts(login.user.id)).toMatchObject([{ account: { accessToken: TOKENS.access_token } }])
  })

  it('is refused with tokens that Twitter does not know, of another app, or when it answers something else', async () => {
    await using twitter = await fakeTwitter()
    await expect(twitter.provider.authenticate({ ...TOKENS, access_token_secret: 'guessed' })).rejects.toMatchObject({
      code: 'AuthenticationFailed',
    })
    const other = new AccountsOAuthTwitter({ ...APP, key: 'another app', apiUrl: twitter.apiUrl })
    await expect(other.authenticate(TOKENS)).rejects.toMatchObject({ code: 'AuthenticationFailed' })
    for (const answer of [{ status: 503 }, { body: {} }]) {
      await using odd = await fakeTwitter(answer)
      await using world = await newWorld({ services: { oauth: new AccountsOauth({ twitter: odd.provider }) } })
      await expect(world.server.loginWithService('oauth', { provider: 'twitter', ...TOKENS }, {})).rejects.toMatchObject({
        code: 'AuthenticationFailed',
      })
    }
  })

  it('follows no redirect: the signature was made for one address', async () => {
    await using twitter = await fakeTwitter({ status: 302 })
    await expect(twitter.provider.authenticate(TOKENS)).rejects.toThrow('fetch failed')
    expect(twitter.asked).toHaveLength(1)
  })

  it.each([
    {},
    { access_token: 'a' },
    { access_token: 'a', access_token_secret: 5 },
    { access_token: '', access_token_secret: 'b' },
    { access_token: 'x'.repeat(2000), access_token_secret: 'b' },
  ])('asks nothing for %j', async params => {
    await using twitter = await fakeTwitter()
    await expect(twitter.provider.authenticate(params)).rejects.toMatchObject({ code: 'MatchFailed' })
    expect(twitter.asked).toEqual([])
  })

  it('gives Twitter up after a while', async () => {
    const deaf = createServer(() => {})
    await new Promise<void>(resolve => deaf.listen(0, '127.0.0.1', resolve))
    const provider = new AccountsOAuthTwitter({ ...APP, apiUrl: `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`, timeout: 50 })
    await expect(provider.authenticate(TOKENS)).rejects.toMatchObject({ name: 'TimeoutError' })
    deaf.closeAllConnections()
    deaf.close()
  })

  it('refuses to be made without key and secret, or with options it does not know', () => {
    const made = (options: object) => () => new AccountsOAuthTwitter(options as AccountsOAuthTwitterOptions)
    expect(made({ key: 'k' })).toThrow('needs the key and the secret')
    expect(made({ secret: 's' })).toThrow('needs the key and the secret')
    expect(made({ ...APP, secert: 1 })).toThrow('Unknown option "secert"')
  })
})
