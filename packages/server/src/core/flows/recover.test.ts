import { describe, expect, it } from 'vitest'
import { AccountsOauth } from '../../strategies/oauth/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { enrol, NEW_PASSWORD, wordFactor } from '../../testing/flows.ts'
import { newWorld, PASSWORD } from '../../testing/index.ts'
import type { World } from '../../testing/index.ts'
import { echo } from '../../testing/oauth-world.ts'
import type { SecondFactor } from '../strategy.ts'

const ADA = 'ada@example.org'
const OTHER = 'other@example.org'

describe('a reset link to an account that nobody has claimed', () => {
  it('takes away on the latchkey face whatever a stranger who made it could come back with', async () => {
    await using world = await open('latchkey', { invalidateAllSessionsAfterPasswordReset: false })
    const { accounts } = world.server
    const { id, accessToken } = await madeByStranger(world)
    await accounts.sendResetPasswordEmail(OTHER, world.origin)
    const waiting = await world.tokenFor(OTHER)
    await reset(world)
    expect((await accounts.findUser({ kind: 'id', key: id }))?.emails).toEqual([{ address: ADA, verified: true }])
    expect(await accounts.providerAccounts(id)).toEqual([])
    await expect(accounts.check(accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
    await expect(accounts.resetPassword(waiting, PASSWORD, world.origin)).rejects.toMatchObject({ code: 'ResetPasswordLinkExpired' })
    expect((await accounts.login('password', { user: ADA, password: NEW_PASSWORD }, world.origin)).user.id).toBe(id)
    const told = (await world.delivered()).filter(({ text }) => text.includes('no longer signs in'))
    expect(told.map(({ to }) => to)).toEqual([ADA])
    const types = (await accounts.core.store.audit.list({ userId: id, limit: 20 })).map(({ type }) => type)
    expect(types).toEqual(expect.arrayContaining(['account-unlinked', 'email-removed', 'password-reset']))
  })

  it('takes nothing away on accounts-js’s face', async () => {
    await using world = await open('accounts-js')
    const { id } = await madeByStranger(world)
    await reset(world)
    expect((await world.server.accounts.findUser({ kind: 'id', key: id }))?.emails).toHaveLength(2)
    expect(await world.server.accounts.providerAccounts(id)).toHaveLength(1)
  })

  it('takes nothing away where a second factor still stands, which the link must not undo', async () => {
    await using world = await open('latchkey', {}, [wordFactor()])
    const { id } = await madeByStranger(world)
    await enrol(world, id)
    await reset(world)
    expect(await world.server.accounts.providerAccounts(id)).toHaveLength(1)
  })
})

describe('an unverified address beside a verified one', () => {
  const claimed = async (world: World): Promise<string> => {
    const { accounts } = world.server
    const { id } = await accounts.createUser({ email: ADA, emailVerified: true, password: PASSWORD })
    await accounts.addEmailOf(id, OTHER, false)
    return id
  }

  it('receives no reset link on the latchkey face, and whoever asks learns nothing of that', async () => {
    await using world = await open('latchkey')
    const { accounts } = world.server
    const id = await claimed(world)
    await accounts.sendResetPasswordEmail(OTHER, world.origin)
    expect((await world.delivered()).filter(({ to }) => to === OTHER)).toEqual([])
    await expect(accounts.sendResetPasswordEmail(OTHER, world.origin, 'openly')).rejects.toMatchObject({ code: 'UserNotFound' })
    await accounts.sendEnrollmentEmail(OTHER, world.origin)
    await accounts.resetPassword(await world.tokenFor(OTHER), NEW_PASSWORD, world.origin)
    await accounts.sendResetPasswordEmail(OTHER, world.origin)
    await accounts.resetPassword(await world.tokenFor(OTHER), PASSWORD, world.origin)
    expect((await accounts.findUser({ kind: 'id', key: id }))?.emails).toHaveLength(2)
  })

  it('resets nothing by a link from before the other one was verified', async () => {
    await using world = await open('latchkey')
    const { accounts } = world.server
    const { id } = await accounts.createUser({ email: ADA, password: PASSWORD })
    await accounts.addEmailOf(id, OTHER, false)
    await accounts.sendResetPasswordEmail(OTHER, world.origin)
    const early = await world.tokenFor(OTHER)
    await accounts.sendVerificationEmail(ADA, world.origin)
    await accounts.verifyEmail(await world.tokenFor(ADA), world.origin)
    await expect(accounts.resetPassword(early, NEW_PASSWORD, world.origin)).rejects.toMatchObject({ code: 'ResetPasswordLinkExpired' })
  })

  it('receives one on accounts-js’s face', async () => {
    await using world = await open('accounts-js')
    const id = await claimed(world)
    await world.server.accounts.sendResetPasswordEmail(OTHER, world.origin)
    await world.server.accounts.resetPassword(await world.tokenFor(OTHER), NEW_PASSWORD, world.origin)
    expect((await world.server.accounts.login('password', { user: ADA, password: NEW_PASSWORD }, world.origin)).user.id).toBe(id)
  })
})

function open(face: 'latchkey' | 'accounts-js', password: object = {}, factors: SecondFactor[] = []): Promise<World> {
  const services = {
    password: new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 }, ...password }),
    oauth: new AccountsOauth({ example: echo }),
  }
  return newWorld({ services, options: { face, factors } })
}

/** Who signs up by a provider that repeats what is typed, with the address of somebody else. */
async function madeByStranger(world: World): Promise<{ id: string; accessToken: unknown }> {
  const { accounts } = world.server
  const { user, tokens } = await accounts.login('oauth', { provider: 'example', as: { id: 'stranger', email: ADA } }, world.origin)
  await accounts.addEmailOf(user.id, OTHER, false)
  return { id: user.id, accessToken: tokens?.accessToken }
}

async function reset(world: World): Promise<void> {
  await world.server.accounts.sendResetPasswordEmail(ADA, world.origin)
  await world.server.accounts.resetPassword(await world.tokenFor(ADA), NEW_PASSWORD, world.origin)
}
