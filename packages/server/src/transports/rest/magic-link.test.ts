import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { AccountsMagicLink } from '../../strategies/magic-link/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import type { WorldOptions } from '../../testing/index.ts'
import { restWorld } from '../../testing/rest-world.ts'
import type { RestWorld } from '../../testing/rest-world.ts'
import { loginResult } from './schemas.ts'

const ADA = 'ada@example.org'

describe('links to sign in over REST', () => {
  it('are asked for with an address and answer null, known or not', async () => {
    await using world = await open()
    await world.createUser('ada')
    for (const email of [ADA, 'nobody@example.org']) {
      const { status, text } = await world.post('/accounts/magiclink/requestMagicLinkEmail', { email })
      expect([status, text]).toEqual([200, 'null'])
    }
    expect((await world.delivered()).map(({ to }) => to)).toEqual([ADA])
  })

  it('are refused in accounts-js’s words', async () => {
    await using world = await open({ ambiguousErrorMessages: false })
    const ask = async (email: unknown): Promise<unknown[]> => {
      const { status, body } = await world.post('/accounts/magiclink/requestMagicLinkEmail', { email })
      return [status, body.code, body.message]
    }
    expect(await ask('nobody@example.org')).toEqual([400, 'UserNotFound', 'User not found'])
    expect(await ask('x')).toEqual([400, 'InvalidEmail', 'Invalid email'])
    expect(await ask(undefined)).toEqual([400, 'InvalidEmail', 'Invalid email'])
  })

  it.each(['magicLink', 'magiclink', 'magic-link'])('sign in under the name %s, once, for tokens or a cookie', async name => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    const token = await linkTo(world)
    const { status, body } = await world.post(`/accounts/${name}/authenticate`, { token })
    expect([status, v.parse(loginResult, body)]).toEqual([200, body])
    expect(body.user).toMatchObject({ id, emails: [{ address: ADA, verified: true }] })
    expect((await world.get('/accounts/user', { authorization: `Bearer ${body.tokens.accessToken}` })).body.id).toBe(id)
    const again = await world.post(`/accounts/${name}/authenticate`, { token })
    expect([again.status, again.body]).toEqual([400, { message: 'Login token expired', code: 'LoginTokenExpired' }])
    const page = { origin: world.siteOrigin, 'x-latchkey-session': 'cookie' }
    const { cookies } = await world.post(`/accounts/${name}/authenticate`, { token: await linkTo(world) }, page)
    expect(cookies.some(cookie => cookie.startsWith('latchkey'))).toBe(true)
  })

  it('can be tried without signing in, which spends them too', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    const token = await linkTo(world)
    expect((await world.post('/accounts/magicLink/verifyAuthentication', { token })).text).toBe('true')
    expect(await world.server.accounts.userSessions(id)).toEqual([])
    expect((await world.post('/accounts/magicLink/authenticate', { token })).body.code).toBe('LoginTokenExpired')
  })

  it('are not spent when the page they lead to is opened', async () => {
    await using world = await open()
    await world.createUser('ada')
    const token = await linkTo(world)
    for (const path of [`/magiclink/${token}`, `/accounts/magiclink/${token}`, `/accounts/magicLink/authenticate?token=${token}`]) {
      expect((await world.get(path)).status).not.toBe(200)
    }
    expect((await world.post('/accounts/magicLink/authenticate', { token })).status).toBe(200)
  })

  it('have no route where no service redeems them, whatever its name', async () => {
    await using without = await restWorld()
    expect((await without.post('/accounts/magiclink/requestMagicLinkEmail', { email: ADA })).status).toBe(404)
    await using named = await restWorld({ services: { links: new AccountsMagicLink() } })
    expect((await named.post('/accounts/magiclink/requestMagicLinkEmail', { email: ADA })).status).toBe(200)
  })
})

function open(options: WorldOptions['options'] = {}): Promise<RestWorld> {
  const password = new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } })
  return restWorld({ services: { password, magicLink: new AccountsMagicLink() }, options })
}

async function linkTo(world: RestWorld): Promise<string> {
  await world.post('/accounts/magiclink/requestMagicLinkEmail', { email: ADA })
  return world.tokenFor(ADA)
}
