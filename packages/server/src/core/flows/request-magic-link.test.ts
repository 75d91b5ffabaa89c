import { describe, expect, it } from 'vitest'
import { AccountsMagicLink } from '../../strategies/magic-link/index.ts'
import { AccountsPassword } from '../../strategies/password/index.ts'
import { newWorld } from '../../testing/index.ts'
import type { World, WorldOptions } from '../../testing/index.ts'

const ADA = 'ada@example.org'

describe('asking for a link', () => {
  it('mails it to the address as it is kept, under accounts-js’s path, and says how long it works', async () => {
    await using world = await open()
    await world.createUser('ada')
    await world.server.accounts.requestMagicLinkEmail('ADA@EXAMPLE.ORG', world.origin)
    const [mail] = (await world.delivered()).slice(-1)
    expect(mail).toMatchObject({ to: ADA })
    expect(mail?.text).toMatch(/http:\/\/localhost:3000\/magiclink\/[\w-]{43}\n/)
    expect(mail?.text).toContain('until 2026-01-01 00:15 UTC')
  })

  it('answers an unknown address like a known one and mails nothing', async () => {
    await using world = await open()
    expect(await world.server.accounts.requestMagicLinkEmail('nobody@example.org', world.origin)).toBeUndefined()
    expect(await world.delivered()).toEqual([])
  })

  it('does the same work in the store for an unknown address', async () => {
    const work = async (address: string): Promise<string[]> => {
      await using world = await open()
      await world.createUser('ada')
      const { store } = world.server.accounts.core
      const calls: string[] = []
      for (const part of ['users', 'tokens', 'attempts', 'audit', 'outbox'] as const) {
        // Each part is a record of functions.
        const deeds = store[part] as unknown as Record<string, (...args: unknown[]) => unknown>
        for (const [name, deed] of Object.entries(deeds)) {
          deeds[name] = (...args) => {
            calls.push(`${part}.${name}`)
            return deed.apply(deeds, args)
          }
        }
      }
      await world.server.accounts.requestMagicLinkEmail(address, world.origin)
      // The outbox has not looked at it yet.
      return [...calls]
    }
    const known = await work(ADA)
    expect(known).toEqual(['attempts.count', 'users.find', 'tokens.issue'])
    expect(await work('nobody@example.org')).toEqual(known)
  })

  it('says that an address is unknown where the app wants that', async () => {
    await using world = await open({ ambiguousErrorMessages: false })
    await expect(world.server.accounts.requestMagicLinkEmail('nobody@example.org', world.origin)).rejects.toMatchObject({
      code: 'UserNotFound',
    })
  })

  it('refuses what is no address', async () => {
    await using world = await open()
    for (const address of ['', 'ada', 5, null, { $ne: '' }, ['ada@example.org'], 'a@b\r\nBcc: x@example.org']) {
      await expect(world.server.accounts.requestMagicLinkEmail(address, world.origin)).rejects.toMatchObject({ code: 'InvalidEmail' })
    }
  })

  it('mails nobody who is deactivated, and answers the same', async () => {
    await using world = await open()
    const { id } = await world.createUser('ada')
    await world.server.deactivateUser(id)
    await world.server.accounts.requestMagicLinkEmail(ADA, world.origin)
    expect(await world.delivered()).toEqual([])
  })

  it('is limited by account, whether or not it exists', async () => {
    for (const address of [ADA, 'nobody@example.org']) {
      await using world = await open()
      await world.createUser('ada')
      for (let asked = 0; asked < 6; asked++) await world.server.accounts.requestMagicLinkEmail(address, world.origin)
      await expect(world.server.accounts.requestMagicLinkEmail(address, world.origin)).rejects.toMatchObject({ code: 'TooManyAttempts' })
    }
  })

  it('needs a service that redeems links', async () => {
    await using world = await newWorld()
    await expect(world.server.accounts.requestMagicLinkEmail(ADA, world.origin)).rejects.toMatchObject({ code: 'ServiceNotFound' })
  })

  it('by the app’s own code is told about an unknown address, and is not limited by address', async () => {
    const service = new AccountsMagicLink()
    await using world = await newWorld({ services: { magicLink: service } })
    await expect(service.requestMagicLinkEmail('nobody@example.org')).rejects.toMatchObject({ code: 'UserNotFound' })
    for (let n = 0; n < 40; n++) {
      await world.server.accounts.createUser({ email: `user${n}@example.org` })
      await service.requestMagicLinkEmail(`user${n}@example.org`)
    }
    expect(await world.delivered()).toHaveLength(40)
  })
})

function open(options: WorldOptions['options'] = {}): Promise<World> {
  const password = new AccountsPassword({ argon2: { memoryCost: 64, timeCost: 1 } })
  return newWorld({ services: { password, magicLink: new AccountsMagicLink() }, options })
}
