import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { AccountsServer } from '../accounts-server.ts'
import type { AccountsServerOptions } from '../accounts-server-options.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { GENERATIONS, generationWorld, SECRET } from '../testing/generations.ts'

const DAY = 86_400
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })

const make = (tokenConfigs: object, options: Partial<AccountsServerOptions> = {}): AccountsServer =>
  new AccountsServer({ db: memoryStore(), tokenSecret: SECRET, ...options, tokenConfigs }, {})

const settingsOf = (...given: Parameters<typeof make>): AccountsServer['accounts']['core']['settings'] =>
  make(...given).accounts.core.settings

/** A part of a token, unverified. */
function partOf(token: string, part: 0 | 1): Record<string, unknown> {
  // `JSON.parse` answers any; these tokens were made by the code under test.
  return JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString()) as Record<string, unknown>
}

it.each(GENERATIONS)('tokens live as long as tokenConfigs say, else 90 minutes and 7 days, with $name', async generation => {
  for (const [tokenConfigs, access, refresh] of [
    [undefined, 5400, 7 * DAY],
    [{ accessToken: { expiresIn: 60 }, refreshToken: { expiresIn: '2 days' } }, 60, 2 * DAY],
  ] as const) {
    await using world = await generationWorld(generation, tokenConfigs ? { tokenConfigs } : {})
    await world.createUser('ada')
    const { tokens } = await world.login('ada')
    for (const [token, life] of [
      [tokens.accessToken, access],
      [tokens.refreshToken, refresh],
    ] as const) {
      const { iat, exp } = partOf(token, 1)
      expect(Number(exp) - Number(iat)).toBe(life)
    }
  }
})

it.each([
  [60, 60_000],
  ['90m', 5_400_000],
  ['1.5 hours', 5_400_000],
  ['2 Days', 172_800_000],
  ['10 secs', 10_000],
  ['500ms', 500],
  ['1w', 604_800_000],
])('expiresIn: %j reads as %j milliseconds', (expiresIn, milliseconds) => {
  expect(settingsOf({ accessToken: { expiresIn } }).accessTokenLifetime).toBe(milliseconds)
  expect(settingsOf({ refreshToken: { expiresIn } }).session.idle).toBe(milliseconds)
})

it.each(['soon', '', 0, -1, Number.NaN, null, '3600', '7 fortnights'])('expiresIn: %j is refused by its full name', expiresIn => {
  expect(() => make({ accessToken: { expiresIn } })).toThrow('tokenConfigs.accessToken.expiresIn must be a number of seconds')
  expect(() => make({ refreshToken: { expiresIn } })).toThrow('tokenConfigs.refreshToken.expiresIn must be a number of seconds')
})

it('a refresh token of a year is not cut short by the absolute life of a session, unless that is given', () => {
  expect(settingsOf({ refreshToken: { expiresIn: '365d' } }).session).toMatchObject({ idle: 365 * DAY * 1000, absolute: 365 * DAY * 1000 })
  expect(settingsOf({ refreshToken: { expiresIn: '1d' } }).session.absolute).toBe(90 * DAY * 1000)
  expect(settingsOf({ refreshToken: { expiresIn: '365d' } }, { session: { absolute: '30d' } }).session.absolute).toBe(30 * DAY * 1000)
})

it.each(GENERATIONS)('issuer and audience stand in the access token, and tokens of another are refused, with $name', async generation => {
  const accessToken = { issuer: 'https://accounts.example.org', audience: 'shop' }
  await using world = await generationWorld(generation, { tokenConfigs: { accessToken } })
  await using other = await generationWorld(generation, { tokenConfigs: { accessToken: { ...accessToken, audience: 'forum' } } })
  await world.createUser('ada')
  const { tokens } = await world.login('ada')
  expect(partOf(tokens.accessToken, 1)).toMatchObject({ iss: 'https://accounts.example.org', aud: 'shop' })
  await expect(other.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'TokenVerificationFailed' })
})

it.each(GENERATIONS)('a key pair signs with the algorithm and the key id that were given, with $name', async generation => {
  await using world = await generationWorld(generation, {
    tokenSecret: { privateKey: pair.privateKey, publicKey: pair.publicKey },
    tokenConfigs: { accessToken: { algorithm: 'RS384', keyid: 'of-2026' }, refreshToken: { algorithm: 'RS384' } },
  })
  await world.createUser('ada')
  const { tokens } = await world.login('ada')
  expect(partOf(tokens.accessToken, 0)).toMatchObject({ alg: 'RS384', kid: 'of-2026' })
  expect((await world.server.resumeSession(tokens.accessToken)).username).toBe('ada')
  const next = await world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, {})
  expect((await world.server.resumeSession(next.tokens.accessToken)).username).toBe('ada')
})

it('what contradicts the key is refused', () => {
  const keys = { tokenSecret: { privateKey: pair.privateKey } }
  expect(() => make({ accessToken: { algorithm: 'HS256' } })).not.toThrow()
  expect(() => make({ accessToken: { algorithm: 'RS256' } })).toThrow(/algorithm must be HS256, because tokenSecret is a text/)
  expect(() => make({ accessToken: { algorithm: 'none' } })).toThrow(/algorithm must be HS256/)
  expect(() => make({ accessToken: { keyid: 'a' } })).toThrow(/keyid cannot be set, because tokenSecret is a text/)
  expect(() => make({ accessToken: { algorithm: 'HS256' } }, keys)).toThrow(/cannot be HS256, because tokenSecret is a key pair/)
  expect(() => make({ accessToken: { algorithm: 'ES256' } }, keys)).toThrow(/algorithm does not fit the key/)
  expect(() => make({ accessToken: { algorithm: 'RS256' }, refreshToken: { algorithm: 'RS512' } }, keys)).toThrow(/one key signs both/)
})

it.each(['subject', 'jwtid', 'notBefore', 'noTimestamp', 'header', 'mutatePayload', 'encoding'])(
  'jsonwebtoken’s option %s means nothing here and is refused with the reason',
  name => {
    for (const token of ['accessToken', 'refreshToken']) {
      expect(() => make({ [token]: { [name]: 'x' } })).toThrow(
        new RegExp(`^tokenConfigs\\.${token}\\.${name} cannot be set: .+ Remove it$`),
      )
    }
  },
)

it.each(['issuer', 'audience', 'keyid'])('%s is for access tokens only', name => {
  expect(() => make({ refreshToken: { [name]: 'x' } })).toThrow(new RegExp(`^tokenConfigs\\.refreshToken\\.${name} cannot be set: `))
})

it('misspelt names are refused with the right one, and values of the wrong kind by name', () => {
  expect(() => make({ accesToken: {} })).toThrow('Unknown option "tokenConfigs.accesToken". Did you mean "tokenConfigs.accessToken"?')
  expect(() => make({ accessToken: { expireIn: 5 } })).toThrow('Did you mean "tokenConfigs.accessToken.expiresIn"?')
  expect(() => make({ accessToken: '90m' })).toThrow('tokenConfigs.accessToken must be an object. Received "90m"')
  expect(() => make({ accessToken: { issuer: '' } })).toThrow('tokenConfigs.accessToken.issuer must be one text')
  expect(() => make({ accessToken: { audience: ['a', 'b'] } })).toThrow('tokenConfigs.accessToken.audience must be one text')
})

it('the same thing said twice is refused', () => {
  expect(() => make({ accessToken: { expiresIn: 60 } }, { accessTokenLifetime: '2h' })).toThrow(/are the same setting/)
  expect(() => make({ refreshToken: { expiresIn: 60 } }, { session: { idle: '2h' } })).toThrow(/are the same setting/)
  expect(() => make({ accessToken: { issuer: 'a' } }, { issuer: 'b' })).toThrow(/are the same setting/)
  expect(() => make({ accessToken: { audience: 'a' } }, { audience: 'b' })).toThrow(/are the same setting/)
})
