/** One table of everything a client can ask, over REST and over GraphQL, against the same server: what the one wire can, the other can. */
import { RestClient } from '@latchkey/client'
import type { TransportInterface } from '@latchkey/client'
import { AccountsGraphQLClient } from '@latchkey/client/graphql'
import { AccountsCode } from '@latchkey/server/strategies/code'
import { AccountsMagicLink } from '@latchkey/server/strategies/magic-link'
import { AccountsOauth } from '@latchkey/server/strategies/oauth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aheadClock, device, GRAPHQL, REST } from './support/device.ts'
import type { AheadClock, Device } from './support/device.ts'
import { startServer } from './support/server.ts'
import type { RunningStory } from './support/server.ts'
import { NEW_PASSWORD, PASSWORD, UNLIMITED } from './support/visitor.ts'

type Operation = Exclude<keyof TransportInterface, 'client'>

/** Somebody who is signed in, and the server they are at. */
interface Scene extends Device {
  story: RunningStory
  clock: AheadClock
  id: string
  name: string
  email: string
  /** A device that nobody is signed in on. */
  stranger: Device
}

const any = (of: unknown): unknown => expect.any(of)
const PAIR = { accessToken: any(String), refreshToken: any(String) }
const LONG = 11 * 60_000

const code = (expected: string): unknown => expect.objectContaining({ code: expected })

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
  await expect(deed()).rejects.toEqual(code('RecentLoginRequired'))
  await expect(deed(PASSWORD)).rejects.toEqual(code('TwoFactorRequired'))
  await expect(deed(PASSWORD, '000000')).rejects.toEqual(code('TwoFactorInvalid'))
  expect(await deed(PASSWORD, next())).toBeUndefined()
}

const addresses = async ({ wire }: Device): Promise<unknown[]> => ((await wire.getUser())?.emails ?? []).map(({ address }) => address)

const OPERATIONS: Record<Operation, (scene: Scene) => Promise<void>> = {
  async loginWithService({ stranger, id, name }) {
    const login = { user: { username: name }, password: PASSWORD }
    const result = await stranger.wire.loginWithService('password', login)
    expect(result).toMatchObject({ sessionId: any(String), tokens: PAIR, user: { id, username: name } })
    await expect(stranger.wire.loginWithService('password', { ...login, password: 'x' })).rejects.toEqual(code('InvalidCredentials'))
  },
  async authenticateWithService({ stranger, name }) {
    const login = { user: name, password: PASSWORD }
    expect(await stranger.wire.authenticateWithService('password', login)).toBe(true)
    await expect(stranger.wire.authenticateWithService('carrier-pigeon', login)).rejects.toEqual(code('ServiceNotFound'))
  },
  async refreshTokens({ client, stranger, id }) {
    const { accessToken, refreshToken } = (await client.getTokens()) ?? { accessToken: '', refreshToken: '' }
    const result = await stranger.wire.refreshTokens(accessToken, refreshToken)
    expect(result).toMatchObject({ sessionId: any(String), tokens: PAIR, user: { id }, infos: { ip: any(String) } })
    await expect(stranger.wire.refreshTokens(accessToken, 'x')).rejects.toEqual(code('TokenVerificationFailed'))
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
    await expect(stranger.wire.createUser({ email: 'none', password: PASSWORD })).rejects.toEqual(code('InvalidEmail'))
  },
  async verifyEmail({ wire, stranger, story, email }) {
    await wire.sendVerificationEmail(email)
    expect(await stranger.wire.verifyEmail(await story.tokenFor(email, 'verify-email'))).toBeUndefined()
    expect(await wire.getUser()).toMatchObject({ emails: [{ verified: true }] })
    await expect(stranger.wire.verifyEmail('x')).rejects.toEqual(code('VerifyEmailLinkExpired'))
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
    await expect(wire.changePassword(NEW_PASSWORD, PASSWORD)).rejects.toEqual(code('TwoFactorRequired'))
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
    await expect(wire.twoFactorSet({ base32 }, clock.code(base32))).rejects.toEqual(code('TwoFactorAlreadySet'))
  },
  async twoFactorEnable({ wire, clock }) {
    clock.pass(LONG)
    const { base32 } = await wire.getTwoFactorSecret()
    await expect(wire.twoFactorEnable({ base32 }, clock.code(base32))).rejects.toEqual(code('RecentLoginRequired'))
    const { recoveryCodes } = await wire.twoFactorEnable({ base32 }, clock.code(base32), undefined, PASSWORD)
    expect(recoveryCodes).toHaveLength(10)
  },
  async twoFactorUnset(scene) {
    const next = await secured(scene)
    expect(await scene.wire.twoFactorUnset(next())).toBeUndefined()
    await expect(scene.wire.twoFactorUnset(next())).rejects.toEqual(code('TwoFactorNotSet'))
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
    await expect(wire.linkAccount(params)).rejects.toEqual(code('RecentLoginRequired'))
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
    await expect(stranger.wire.sessions()).rejects.toMatchObject({ status: 401 })
  },
  async endSession({ wire, stranger, name }) {
    const { sessionId } = await stranger.password.login({ user: name, password: PASSWORD })
    expect(await wire.endSession(sessionId)).toBeUndefined()
    expect(await stranger.wire.getUser()).toBeNull()
    await expect(wire.endSession('x')).rejects.toEqual(code('NotFound'))
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

for (const wire of [REST, GRAPHQL]) {
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
        { graphql: wire.graphql, services: { magicLink: new AccountsMagicLink(), code: new AccountsCode(), oauth } },
      )
    })
    afterAll(() => story?.close())

    test.each(Object.entries(OPERATIONS))('%s', async (operation, run) => {
      const name = operation.toLowerCase()
      const email = `${name}@example.org`
      const { id } = await story.accounts.accounts.createUser({ username: name, email, password: PASSWORD })
      const own = device(wire, story.url)
      await own.password.login({ user: { username: name }, password: PASSWORD })
      // Each row has its own expectations.
      expect(await run({ ...own, story, clock, id, name, email, stranger: device(wire, story.url) })).toBeUndefined()
    })
  })
}

test('the table has every method of both clients', () => {
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
})
