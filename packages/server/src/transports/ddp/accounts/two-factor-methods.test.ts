import { describe, expect, it } from 'vitest'
import { TOTP } from 'otpauth'
import { AccountsCode } from '../../../strategies/code/index.ts'
import { AccountsPassword } from '../../../strategies/password/index.ts'
import { ddpAccounts, refusalOf, resultOf } from '../../../testing/ddp-accounts.ts'
import { PASSWORD } from '../../../testing/index.ts'

type At = Awaited<ReturnType<typeof ddpAccounts>>

describe('the second factor over DDP', () => {
  it('is off for a new user', async () => {
    await using at = await ddpAccounts()
    const { client } = await at.signedIn()
    expect(await client.call('2', 'has2faEnabled')).toMatchObject({ result: false })
  })

  it('begins with a secret, the address an app scans, and its picture', async () => {
    await using at = await ddpAccounts()
    const { client } = await at.signedIn('ada')
    const { svg, secret, uri, ...rest } = resultOf<Offer>(await client.call('2', 'generate2faActivationQrCode', 'My App'))
    expect(rest).toEqual({})
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(uri).toBe(`otpauth://totp/My%20App%3Aada?secret=${secret}&issuer=My%20App`)
    expect(svg.startsWith('<?xml version="1.0" standalone="yes"?>\r\n<svg xmlns="http://w')).toBe(true)
  })

  it('draws the picture of the longest names there are, and refuses what no picture holds', async () => {
    const password = new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 }, validateUsername: () => true })
    await using at = await ddpAccounts({ more: { password } })
    const name = '𠮷'.repeat(64)
    await at.world.server.accounts.createUser({ username: name, password: PASSWORD }, at.world.origin)
    const { client } = await at.signedIn(name)
    const app = '한'.repeat(88)
    const { uri } = resultOf<Offer>(await client.call('2', 'generate2faActivationQrCode', app))
    expect(new URL(uri).pathname).toBe(`/${encodeURIComponent(app)}%3A${encodeURIComponent(name)}`)
    for (const [id, bad] of ['한'.repeat(89), 'x'.repeat(5000), 'half a character \ud800', 5, null].entries())
      expect(refusalOf(await client.call(`bad ${id}`, 'generate2faActivationQrCode', bad))).toEqual([400, 'Match failed'])
  })

  it('goes from off to on and back to off', async () => {
    await using at = await ddpAccounts()
    const { client } = await at.signedIn('ada')
    const { secret } = resultOf<Offer>(await client.call('2', 'generate2faActivationQrCode', 'App'))
    expect(refusalOf(await client.call('3', 'enableUser2fa', '000000'))[0]).toBe('invalid-2fa-code')
    expect(await client.call('4', 'enableUser2fa', codeOf(at, secret))).toEqual({ msg: 'result', id: '4' })
    expect(await client.call('5', 'has2faEnabled')).toMatchObject({ result: true })
    expect(refusalOf(await client.call('6', 'generate2faActivationQrCode', 'App'))).toEqual([
      '2fa-activated',
      'The 2FA is activated. You need to disable the 2FA first before trying to generate a new activation code.',
    ])
    expect(await client.call('7', 'disableUser2fa')).toEqual({ msg: 'result', id: '7' })
    expect(await client.call('8', 'has2faEnabled')).toMatchObject({ result: false })
  })

  it('is asked for at a login, and the right code lets in', async () => {
    await using at = await ddpAccounts({ options: { face: 'meteor', ambiguousErrorMessages: false } })
    const { client } = await at.signedIn('ada')
    const { secret } = resultOf<Offer>(await client.call('2', 'generate2faActivationQrCode', 'App'))
    resultOfNothing(await client.call('3', 'enableUser2fa', codeOf(at, secret)))
    at.world.clock.pass(30_000)
    const other = at.connect()
    const login = { user: { username: 'ada' }, password: PASSWORD }
    expect(refusalOf(await other.call('1', 'login', login))).toEqual(['no-2fa-code', '2FA code must be informed'])
    expect(refusalOf(await other.call('2', 'login', { ...login, code: '000000' }))).toEqual(['invalid-2fa-code', 'Invalid 2FA code'])
    expect(resultOf(await other.call('3', 'login', { ...login, code: codeOf(at, secret) })).type).toBe('password')
  })

  it('is given up without a code only soon after a sign-in', async () => {
    await using at = await ddpAccounts()
    const { client } = await at.signedIn('ada')
    const { secret } = resultOf<Offer>(await client.call('2', 'generate2faActivationQrCode', 'App'))
    resultOfNothing(await client.call('3', 'enableUser2fa', codeOf(at, secret)))
    at.world.clock.pass(11 * 60_000)
    expect(refusalOf(await client.call('4', 'disableUser2fa'))[0]).toBe(403)
    expect(await client.call('5', 'has2faEnabled')).toMatchObject({ result: true })
    resultOfNothing(await client.call('6', 'disableUser2fa', codeOf(at, secret)))
    expect(await client.call('7', 'has2faEnabled')).toMatchObject({ result: false })
  })

  it('is unknown where none can be set up', async () => {
    await using at = await ddpAccounts({ services: { code: new AccountsCode() } })
    const client = at.connect()
    for (const name of ['generate2faActivationQrCode', 'enableUser2fa', 'disableUser2fa', 'has2faEnabled'])
      expect(refusalOf(await client.call(name, name, 'App'))).toEqual([404, `Method '${name}' not found`])
    expect(refusalOf(await client.call('1', 'latchkey.twoFactorSecret'))).toEqual([400, 'No second factor can be set up on this server'])
  })

  it('is for whoever is signed in, in Meteor’s words', async () => {
    await using at = await ddpAccounts()
    const client = at.connect()
    expect(refusalOf(await client.call('1', 'has2faEnabled'))).toEqual(['no-logged-user', 'No user logged in.'])
    expect(refusalOf(await client.call('2', 'disableUser2fa'))).toEqual([400, 'No user logged in.'])
    expect(refusalOf(await client.call('3', 'enableUser2fa', '1'))).toEqual([400, 'No user logged in.'])
    expect(refusalOf(await client.call('4', 'generate2faActivationQrCode'))).toEqual([400, 'Match failed'])
    expect(refusalOf(await client.call('5', 'generate2faActivationQrCode', 'App'))).toEqual([
      400,
      'There must be a user logged in to generate the QR code.',
    ])
    const { client: own } = await at.signedIn('ada')
    expect(refusalOf(await own.call('2', 'enableUser2fa', '123456'))).toEqual([
      500,
      'The user does not have a secret generated. You may have to call the function generateSvgCode first.',
    ])
    expect(refusalOf(await own.call('3', 'enableUser2fa', { $ne: '' }))).toEqual([400, 'Match failed'])
  })
})

type Offer = { svg: string; secret: string; uri: string }

const codeOf = ({ world }: At, secret: string): string => new TOTP({ secret }).generate({ timestamp: world.clock.now() })

const resultOfNothing = (answer: object): void => expect(answer).not.toHaveProperty('error')
