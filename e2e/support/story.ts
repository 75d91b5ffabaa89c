/** The one story: what people do with an account, told by our own client over any wire, on every store. */
import type { LoginResult, Tokens } from '@latchkey/client'
import { AccountsMagicLink } from '@latchkey/server/strategies/magic-link'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aheadClock, device } from './device.ts'
import type { Device, Wire } from './device.ts'
import { pendingIn, refused } from './refused.ts'
import { startServer } from './server.ts'
import type { RunningStory } from './server.ts'
import { STORES } from './stores.ts'
import { UNLIMITED } from './visitor.ts'

const OLD = 'correct horse battery staple'
const NEW = 'a rather different sentence'
const NEWEST = 'and yet another one altogether'

export function tellTheStory(wire: Wire): void {
  for (const { name, here } of STORES) describe.skipIf(!here)(`over ${wire.name} on ${name}`, () => chapters(wire, name))
}

function chapters(wire: Wire, store: string): void {
  const clock = aheadClock()
  let story: RunningStory
  beforeAll(async () => {
    const impersonationAuthorize = (user: { username?: string }): boolean => user.username === 'root'
    story = await startServer(
      store,
      { ...UNLIMITED, impersonationAuthorize, ports: { clock } },
      { ...wire.around, services: { magicLink: new AccountsMagicLink() } },
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
  const expectSession = (login: LoginResult<Tokens | null>): LoginResult<Tokens | null> => {
    expect(login.tokens && Object.keys(login.tokens).toSorted()).toEqual(wire.hasTokens ? ['accessToken', 'refreshToken'] : null)
    return login
  }
  /** A new user, and their device. */
  const newcomer = async (username: string): Promise<Device & { id: string; email: string }> => {
    const email = `${username}@example.org`
    const { id } = await story.accounts.accounts.createUser({ username, email, password: OLD })
    return { ...(await signedIn(username)), id, email }
  }
  const signedIn = async (username: string): Promise<Device> => {
    const made = here()
    await made.password.login({ user: { username }, password: OLD })
    return made
  }

  it('signs up, verifies, logs in on two devices, refreshes, changes the password, is out on the other device, recovers, and logs out', async () => {
    const [phone, laptop] = [here(), here()]

    expect(await phone.password.createUser({ email: 'ada@example.org', password: OLD })).toEqual({})
    await phone.password.verifyEmail(await story.tokenFor('ada@example.org', 'verify-email'))

    const { user } = expectSession(await phone.password.login({ user: { email: 'ada@example.org' }, password: OLD }))
    expect(user.emails).toEqual([{ address: 'ada@example.org', verified: true }])
    await laptop.password.login({ user: 'ada@example.org', password: OLD })
    expect(await phone.client.sessions()).toHaveLength(2)

    const before = await phone.client.getTokens()
    await phone.renew()
    expect((await phone.client.getTokens())?.refreshToken !== before?.refreshToken).toBe(wire.hasTokens)
    expect(await phone.client.getUser()).toMatchObject({ id: user.id })

    await phone.password.changePassword(OLD, NEW)
    expect(await phone.client.getUser()).toMatchObject({ id: user.id })
    expect(await laptop.client.getUser()).toBeNull()
    await expect(laptop.password.login({ user: 'ada@example.org', password: OLD })).rejects.toEqual(refused('InvalidCredentials'))

    await laptop.password.requestPasswordReset('ada@example.org')
    expect(await laptop.password.resetPassword(await story.tokenFor('ada@example.org', 'reset-password'), NEWEST)).toBeNull()
    expect(await phone.client.getUser()).toBeNull()
    await laptop.password.login({ user: 'ada@example.org', password: NEWEST })

    await laptop.client.logout()
    expect(await laptop.client.getTokens()).toBeNull()
    expect(await laptop.client.getUser()).toBeNull()
  })

  it('lists sessions and ends them, one and all others, on the very next request', async () => {
    const eve = await newcomer('eve')
    const [there, elsewhere, yonder] = [await signedIn('eve'), await signedIn('eve'), await signedIn('eve')]
    expect(await there.client.getUser()).toMatchObject({ username: 'eve' })
    const mine = (await there.client.sessions()).find(session => session.current)
    expect(await eve.client.sessions()).toHaveLength(4)

    await eve.client.endSession(mine?.id ?? '')
    expect(await there.client.getUser()).toBeNull()
    await expect(eve.client.endSession(mine?.id ?? '')).rejects.toEqual(refused('NotFound'))
    expect(await elsewhere.client.getUser()).toMatchObject({ username: 'eve' })

    await eve.client.endOtherSessions()
    expect([await elsewhere.client.getUser(), await yonder.client.getUser()]).toEqual([null, null])
    expect(await eve.client.sessions()).toMatchObject([{ current: true, factors: ['password'], impersonated: false }])
  })

  it('adds, verifies, changes and removes addresses', async () => {
    const { client, password, id } = await newcomer('mary')
    await password.addEmail('mary@example.com')
    await password.requestVerificationEmail('mary@example.com')
    await password.verifyEmail(await story.tokenFor('mary@example.com', 'verify-email'))
    await client.changeEmail('mary@example.org', 'mary@example.net')
    await client.removeEmail('mary@example.com')
    expect(await client.getUser()).toMatchObject({ id, emails: [{ address: 'mary@example.net' }] })
  })

  it('sets up a second factor, is asked for it, gets in with a code and with a recovery code, and gives it up', async () => {
    const grace = await newcomer('grace')
    const { base32 } = await grace.wire.getTwoFactorSecret()
    const { recoveryCodes } = await grace.wire.twoFactorEnable({ base32 }, clock.code(base32))
    expect(await grace.wire.twoFactorStatus()).toEqual({ enabled: true, recoveryCodesLeft: recoveryCodes.length })

    const again = here()
    const user = { username: 'grace' }
    const asked = await again.password.login({ user, password: OLD }).catch((error: unknown) => error)
    expect(asked).toEqual(refused('TwoFactorRequired'))
    expect(asked).toMatchObject({ details: { factors: ['totp'] } })
    await again.client.loginWithService('second-factor', { pending: pendingIn(asked), code: clock.code(base32) })
    expect((await again.client.sessions()).find(({ current }) => current)?.factors).toEqual(['password', 'totp'])

    await expect(again.password.login({ user, password: OLD, code: '000000' })).rejects.toEqual(refused('TwoFactorInvalid'))
    await again.password.login({ user, password: OLD, code: recoveryCodes[0] ?? '' })
    const { recoveryCodes: fresh } = await again.wire.twoFactorRecoveryCodes(clock.code(base32))
    expect(fresh).toHaveLength(recoveryCodes.length)
    expect(fresh).not.toContain(recoveryCodes[1])

    await again.wire.twoFactorUnset(clock.code(base32))
    expect(await grace.wire.twoFactorStatus()).toEqual({ enabled: false, recoveryCodesLeft: 0 })
    await here().password.login({ user, password: OLD })
  })

  it('signs in with a mailed link, once', async () => {
    const { email, id } = await newcomer('linus')
    const { client, magicLink } = here()
    await magicLink.requestMagicLinkEmail(email)
    const token = await story.tokenFor(email, 'magiclink')
    expect(expectSession(await magicLink.login({ token })).user).toMatchObject({ id, emails: [{ address: email, verified: true }] })
    expect(await client.getUser()).toMatchObject({ id })
    await expect(here().magicLink.login({ token })).rejects.toEqual(refused('LoginTokenExpired'))
  })

  // A session of one's own that is put aside, and taken up again: that is done with tokens, and over DDP a client has none.
  it.runIf(!wire.hasTokens)('cannot act as another user, and stays who it is', async () => {
    const { client, id } = await newcomer('root')
    const other = await newcomer('alan')
    await expect(client.impersonate({ userId: other.id })).rejects.toThrow('An access token is required')
    await expect(client.transport.impersonate('', { userId: other.id })).rejects.toEqual(refused('ServiceNotFound'))
    expect(await client.getUser()).toMatchObject({ id })
    expect(await client.sessions()).toMatchObject([{ current: true, impersonated: false }])
  })

  it.runIf(wire.hasTokens)('acts as another user, also after a refresh, may not change their password, and comes back', async () => {
    const { client, password, id } = await newcomer('root')
    const alan = await newcomer('alan')
    expect(await client.impersonate({ userId: alan.id })).toMatchObject({ authorized: true, user: { id: alan.id } })
    await client.refreshSession(true)
    expect(await client.getUser()).toMatchObject({ id: alan.id })
    expect((await client.sessions()).find(({ current }) => current)?.impersonated).toBe(true)
    await expect(password.changePassword(OLD, NEW)).rejects.toEqual(refused('Forbidden'))
    await client.stopImpersonation()
    expect(await client.getUser()).toMatchObject({ id })
    await expect(alan.client.impersonate({ userId: id })).rejects.toThrow('User unauthorized to impersonate')
  })

  it('takes everything that is kept along, deletes the account, and is out everywhere', async () => {
    const ada = await newcomer('lovelace')
    const other = await signedIn('lovelace')
    expect(JSON.stringify(await ada.client.exportData())).toContain(ada.email)
    await ada.client.deleteAccount()
    expect([await ada.client.getTokens(), await other.client.getUser()]).toEqual([null, null])
    await expect(signedIn('lovelace')).rejects.toEqual(refused('InvalidCredentials'))
  })
}
