/** One table of everything a client can ask, over REST, GraphQL and DDP, against the same server: what the one wire can, the others can. */
import { RestClient } from '@latchkey/client'
import type { TransportInterface } from '@latchkey/client'
import { AccountsGraphQLClient } from '@latchkey/client/graphql'
import { AccountsClient as MeteorClient } from '@latchkey/client/meteor'
import { AccountsCode } from '@latchkey/server/strategies/code'
import { AccountsMagicLink } from '@latchkey/server/strategies/magic-link'
import { AccountsOauth } from '@latchkey/server/strategies/oauth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aheadClock, DDP, device, GRAPHQL, REST } from './support/device.ts'
import type { AheadClock, Device } from './support/device.ts'
import { refused } from './support/refused.ts'
import { startServer } from './support/server.ts'
import type { RunningStory } from './support/server.ts'
import { NEW_PASSWORD, PASSWORD, UNLIMITED } from './support/visitor.ts'

type Operation = Exclude<keyof TransportInterface, 'client'>

/** Somebody who is signed in, and the server they are at. */
interface Scene extends Device {
  story: RunningStory
  clock: AheadClock
  /** What a login answers beside the user. */
  session: { sessionId: unknown; tokens: unknown }
  id: string
  name: string
  email: string
  /** A device that nobody is signed in on. */
  stranger: Device
}

const any = (of: unknown): unknown => expect.any(of)
const PAIR = { accessToken: any(String), refreshToken: any(String) }
/** Of a session. */
const ID: unknown = expect.stringMatching(/^[\w-]{16,}$/)
const LONG = 11 * 60_000

/** A user with a second factor and a session that is not fresh any more. */
async function secured({ wire, clock }: Scene): Promise<() => string> {
  const { base32 } = await wire.getTwoFactorSecret()
  await wire.twoFactorSet({ base32 }, clock.code(base32))
  clock.pass(LONG)
  return () => clock.code(base32)
}

/** A deed that a password and a code confirm, or a fresh sign-in. */
async function confirmed(scene: Scene, deed: (password?: string, code?: string) => Promise<unknown>): Promise<void> {
  const next = await secured(scene)
  await expect(deed()).rejects.toEqual(refused('RecentLoginRequired'))
  await expect(deed(PASSWORD)).rejects.toEqual(refused('TwoFactorRequired'))
  await expect(deed(PASSWORD, '000000')).rejects.toEqual(refused('TwoFactorInvalid'))
  expect(await deed(PASSWORD, next())).toBeUndefined()
}

const addresses = async ({ wire }: Device): Promise<unknown[]> => ((await wire.getUser())?.emails ?? []).map(({ address }) => address)

const OPERATIONS: Record<Operation, (scene: Scene) => Promise<void>> = {
  async loginWithService({ stranger, session, id, name }) {
    const login = { user: { username: name }, password: PASSWORD }
    const result = await stranger.wire.loginWithService('password', login)
    expect(result).toMatchObject({ ...session, user: { id, username: name } })
    await expect(stranger.wire.loginWithService('password', { ...login, password: 'x' })).rejects.toEqual(refused('InvalidCredentials'))
  },
  async authenticateWithService({ stranger, name }) {
    const login = { user: name, password: PASSWORD }
    expect(await stranger.wire.authenticateWithService('password', login)).toBe(true)
    await expect(stranger.wire.authenticateWithService('carrier-pigeon', login)).rejects.toEqual(refused('ServiceNotFound'))
  },
  async refreshTokens({ client, stranger, id }) {
    const { accessToken, refreshToken } = (await client.getTokens()) ?? { accessToken: '', refreshToken: '' }
    const result = await stranger.wire.refreshTokens(accessToken, refreshToken)
    expect(result).toMatchObject({ sessionId: any(String), tokens: PAIR, user: { id }, infos: { ip: any(String) } })
    await expect(stranger.wire.refreshTokens(accessToken, 'x')).rejects.toEqual(refused('TokenVerificationFailed'))
  },
  async logout({ wire }) {
    expect(await wire.logout()).toBeUndefined()
    expect(await wire.getUser()).toBeNull()
  },
  async getUser({ wire, stranger, id, name, email }) {
    expect(await wire.getUser()).toMatchObject({ id, username: name, emails: [{ address: email, verified: false }], deactivated: false })
    expect(await stranger.wire.getUser()).toBeNull()
  },
  async impersonate({ wire, client, story, name }) {
    const { accessToken } = (await client.getTokens()) ?? { accessToken: '' }
    const other = await story.accounts.accounts.createUser({ username: `other${name}`, password: PASSWORD })
    expect(await wire.impersonate(accessToken, { userId: other.id })).toMatchObject({
      authorized: true,
      tokens: PAIR,
      user: { id: other.id },
    })
    expect(await wire.impersonate(accessToken, { userId: 'x' })).toEqual({ authorized: false })
  },
  async settings({ stranger }) {
    expect(await stranger.wire.settings()).toEqual({
      signUpAllowed: true,
      passwordMinLength: any(Number),
      verificationMail: true,
      twoFactor: true,
      strategies: expect.arrayContaining(['password', 'magicLink', 'oauth']) as unknown,
    })
  },
  async createUser({ stranger, email }) {
    expect(await stranger.wire.createUser({ email: `new-${email}`, password: PASSWORD })).toEqual({})
    await expect(stranger.wire.createUser({ email: 'none', password: PASSWORD })).rejects.toEqual(refused('InvalidEmail'))
  },
  async verifyEmail({ wire, stranger, story, email }) {
    await wire.sendVerificationEmail(email)
    expect(await stranger.wire.verifyEmail(await story.tokenFor(email, 'verify-email'))).toBeUndefined()
    expect(await wire.getUser()).toMatchObject({ emails: [{ verified: true }] })
    await expect(stranger.wire.verifyEmail('x')).rejects.toEqual(refused('VerifyEmailLinkExpired'))
  },
  async resetPassword({ stranger, story, email }) {
    await stranger.wire.sendResetPasswordEmail(email)
    expect(await stranger.wire.resetPassword(await story.tokenFor(email, 'reset-password'), NEW_PASSWORD)).toBeNull()
    await stranger.password.login({ user: email, password: NEW_PASSWORD })
  },
  async sendVerificationEmail({ stranger, story, email }) {
    expect(await stranger.wire.sendVerificationEmail(email)).toBeUndefined()
    expect(await story.tokenFor(email, 'verify-email')).toEqual(any(String))
  },
  async sendResetPasswordEmail({ stranger, story, email }) {
    expect(await stranger.wire.sendResetPasswordEmail(email)).toBeUndefined()
    expect(await story.tokenFor(email, 'reset-password')).toEqual(any(String))
  },
  async requestMagicLinkEmail({ stranger, story, email, id }) {
    expect(await stranger.wire.requestMagicLinkEmail(email)).toBeUndefined()
    const { user } = await stranger.magicLink.login({ token: await story.tokenFor(email, 'magiclink') })
    expect(user.id).toBe(id)
  },
  async requestLoginCode({ stranger, story, email, id }) {
    const request = await stranger.codes.requestCode(email)
    const { user } = await stranger.codes.login({ request, token: await story.codeFor(email) })
    expect(user.id).toBe(id)
  },
  async changePassword(scene) {
    const { wire, stranger, name } = scene
    expect(await wire.changePassword(PASSWORD, NEW_PASSWORD)).toBeUndefined()
    const next = await secured(scene)
    await expect(wire.changePassword(NEW_PASSWORD, PASSWORD)).rejects.toEqual(refused('TwoFactorRequired'))
    expect(await wire.changePassword(NEW_PASSWORD, PASSWORD, undefined, next())).toBeUndefined()
    await stranger.password.login({ user: { username: name }, password: PASSWORD, code: next() })
  },
  async addEmail(scene) {
    const { wire, email } = scene
    expect(await wire.addEmail(`one-${email}`)).toBeUndefined()
    await confirmed(scene, (password, given) => wire.addEmail(`two-${email}`, undefined, password, given))
    expect(await addresses(scene)).toEqual([email, `one-${email}`, `two-${email}`])
  },
  async removeEmail(scene) {
    const { wire, email } = scene
    await wire.addEmail(`one-${email}`)
    await confirmed(scene, (password, given) => wire.removeEmail(email, password, undefined, given))
    expect(await addresses(scene)).toEqual([`one-${email}`])
  },
  async changeEmail(scene) {
    const { wire, email } = scene
    await confirmed(scene, (password, given) => wire.changeEmail(email, `one-${email}`, password, undefined, given))
    expect(await addresses(scene)).toEqual([`one-${email}`])
  },
  async getTwoFactorSecret({ wire, name }) {
    const { ascii, hex, base32, otpauth_url } = await wire.getTwoFactorSecret()
    expect([ascii, hex, base32]).toEqual([any(String), any(String), any(String)])
    expect(otpauth_url).toContain(base32)
    // Bound to who asks.
    expect(otpauth_url).toContain(name)
  },
  async twoFactorSet({ wire, clock }) {
    const { base32 } = await wire.getTwoFactorSecret()
    await wire.twoFactorSet({ base32 }, clock.code(base32))
    await expect(wire.twoFactorSet({ base32 }, clock.code(base32))).rejects.toEqual(refused('TwoFactorAlreadySet'))
  },
  async twoFactorEnable({ wire, clock }) {
    clock.pass(LONG)
    const { base32 } = await wire.getTwoFactorSecret()
    await expect(wire.twoFactorEnable({ base32 }, clock.code(base32))).rejects.toEqual(refused('RecentLoginRequired'))
    const { recoveryCodes } = await wire.twoFactorEnable({ base32 }, clock.code(base32), undefined, PASSWORD)
    expect(recoveryCodes).toHaveLength(10)
  },
  async twoFactorUnset(scene) {
    const next = await secured(scene)
    expect(await scene.wire.twoFactorUnset(next())).toBeUndefined()
    await expect(scene.wire.twoFactorUnset(next())).rejects.toEqual(refused('TwoFactorNotSet'))
  },
  async twoFactorRecoveryCodes(scene) {
    const next = await secured(scene)
    expect((await scene.wire.twoFactorRecoveryCodes(next())).recoveryCodes).toHaveLength(10)
  },
  async twoFactorStatus(scene) {
    expect(await scene.wire.twoFactorStatus()).toEqual({ enabled: false, recoveryCodesLeft: 0 })
    await secured(scene)
    expect(await scene.wire.twoFactorStatus()).toEqual({ enabled: true, recoveryCodesLeft: 10 })
  },
  async linkedAccounts({ wire, name }) {
    expect(await wire.linkedAccounts()).toEqual([])
    await wire.linkAccount({ provider: 'example', token: name })
    expect(await wire.linkedAccounts()).toEqual([{ provider: 'example', linkedAt: any(String) }])
  },
  async linkAccount({ wire, stranger, clock, name, id }) {
    clock.pass(LONG)
    const params = { provider: 'example', token: name }
    await expect(wire.linkAccount(params)).rejects.toEqual(refused('RecentLoginRequired'))
    expect(await wire.linkAccount(params, PASSWORD)).toBeUndefined()
    expect((await stranger.client.loginWithService('oauth', params)).user.id).toBe(id)
  },
  async unlinkAccount(scene) {
    const { wire, name } = scene
    await wire.linkAccount({ provider: 'example', token: name })
    await confirmed(scene, (password, given) => wire.unlinkAccount('example', password, undefined, given))
    expect(await wire.linkedAccounts()).toEqual([])
  },
  async sessions({ wire, stranger }) {
    expect(await wire.sessions()).toMatchObject([{ id: any(String), current: true, factors: ['password'], impersonated: false }])
    await expect(stranger.wire.sessions()).rejects.toEqual(refused('Unauthorized'))
  },
  async endSession({ wire, stranger, name }) {
    await stranger.password.login({ user: name, password: PASSWORD })
    const [own] = (await stranger.wire.sessions()).filter(({ current }) => current)
    expect(await wire.endSession(own?.id ?? '')).toBeUndefined()
    expect(await stranger.wire.getUser()).toBeNull()
    await expect(wire.endSession('x')).rejects.toEqual(refused('NotFound'))
  },
  async endOtherSessions({ wire, stranger, name }) {
    await stranger.password.login({ user: name, password: PASSWORD })
    expect(await wire.endOtherSessions()).toBeUndefined()
    expect([await stranger.wire.getUser(), await wire.getUser()]).toEqual([null, expect.objectContaining({ username: name })])
  },
  async deleteAccount(scene) {
    await confirmed(scene, (password, given) => scene.wire.deleteAccount(password, undefined, given))
    expect(await scene.story.accounts.accounts.lookUp(scene.name)).toBeNull()
  },
  async exportData({ wire, email }) {
    expect(JSON.stringify(await wire.exportData())).toContain(email)
  },
}

/** What is done with tokens, or without a session: a DDP connection has no tokens, and is signed in by whatever it tries. */
const NOT_OVER_DDP: Partial<Record<Operation, (scene: Scene) => Promise<void>>> = {
  async authenticateWithService({ stranger, name }) {
    const tried = stranger.wire.authenticateWithService('password', { user: name, password: PASSWORD })
    await expect(tried).rejects.toEqual(refused('ServiceNotFound'))
    expect(await stranger.wire.getUser()).toBeNull()
  },
  async refreshTokens({ wire, client, id }) {
    expect([await client.getTokens(), await client.refreshSession(true)]).toEqual([null, null])
    await expect(wire.refreshTokens('', '')).rejects.toEqual(refused('ServiceNotFound'))
    expect(await wire.getUser()).toMatchObject({ id })
  },
  async impersonate({ wire, id }) {
    await expect(wire.impersonate('', { userId: 'x' })).rejects.toEqual(refused('ServiceNotFound'))
    expect(await wire.getUser()).toMatchObject({ id })
  },
}

const WIRES = [
  { wire: REST, operations: OPERATIONS },
  { wire: GRAPHQL, operations: OPERATIONS },
  { wire: DDP, operations: { ...OPERATIONS, ...NOT_OVER_DDP } },
]

for (const { wire, operations } of WIRES) {
  describe(`over ${wire.name}`, () => {
    const clock = aheadClock()
    let story: RunningStory
    beforeAll(async () => {
      const oauth = new AccountsOauth({
        example: { authenticate: async ({ token }: { token?: string }) => (token ? { id: token } : null) },
      })
      story = await startServer(
        'memory',
        { ...UNLIMITED, face: 'latchkey', impersonationAuthorize: () => true, ports: { clock } },
        { ...wire.around, services: { magicLink: new AccountsMagicLink(), code: new AccountsCode(), oauth } },
      )
    })
    afterAll(async () => {
      for (const { close } of devices) close()
      await story?.close()
    })

    const devices: Device[] = []
    const here = (): Device => {
      const made = device(wire, story.url)
      devices.push(made)
      return made
    }
    const session = wire.hasTokens ? { sessionId: any(String), tokens: PAIR } : { sessionId: ID, tokens: null }

    test.each(Object.entries(operations))('%s', async (operation, run) => {
      const name = operation.toLowerCase()
      const email = `${name}@example.org`
      const { id } = await story.accounts.accounts.createUser({ username: name, email, password: PASSWORD })
      const own = here()
      await own.password.login({ user: { username: name }, password: PASSWORD })
      // Each row has its own expectations.
      expect(await run({ ...own, story, clock, id, name, email, session, stranger: here() })).toBeUndefined()
    })
  })
}

test('the table has every method of every client', () => {
  const methodsOf = (client: object): string[] => Object.getOwnPropertyNames(client).filter(name => name !== 'constructor')
  // For an app's own routes.
  const restAlone = ['fetch', 'authFetch']
  const all = Object.keys(OPERATIONS).toSorted()
  expect(
    methodsOf(RestClient.prototype)
      .filter(name => !restAlone.includes(name))
      .toSorted(),
  ).toEqual(all)
  expect(methodsOf(AccountsGraphQLClient.prototype).toSorted()).toEqual(all)
  const overDdp = new MeteorClient({})
  const { transport } = overDdp
  overDdp.close()
  expect(
    methodsOf(Object.getPrototypeOf(transport) as object)
      .filter(name => name !== 'connect')
      .toSorted(),
  ).toEqual(all)
})
