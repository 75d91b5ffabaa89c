import { describe, expect, it } from 'vitest'
import { MeteorError } from '@latchkey/common/meteor'
import { AccountsServer } from '../accounts-server.ts'
import { ServerHooks } from '../compat/server-hooks.ts'
import { newWorld } from '../testing/index.ts'
import { meteorWorld } from '../testing/meteor.ts'
import { DDPServer } from '../transports/ddp/index.ts'

describe("Meteor's API on a server of accounts-js's face", () => {
  it('sets options while it runs, and they are what getOptions answers', async () => {
    await using world = await newWorld()
    expect(world.server.getOptions().ambiguousErrorMessages).toBe(true)
    world.server.config({ ambiguousErrorMessages: false })
    expect(world.server.getOptions().ambiguousErrorMessages).toBe(false)
    await expect(world.server.loginWithService('password', { user: 'nobody', password: 'wrong' }, {})).rejects.toThrow('User not found')
  })

  it('tells and asks its hooks, beside those of accounts-js', async () => {
    await using world = await newWorld()
    const heard: unknown[] = []
    world.server.onLogin(({ type, user }) => void heard.push([type, user?.username]))
    world.server.on(ServerHooks.LoginSuccess, ({ user }) => void heard.push(user.username))
    await world.loginAs('ada')
    expect(heard).toHaveLength(2)
    expect(heard).toEqual(expect.arrayContaining([['password', 'ada'], 'ada']))
    world.server.validateLoginAttempt(() => {
      throw new MeteorError('closed', 'We are closed')
    })
    await expect(world.loginAs('ada')).rejects.toMatchObject({ error: 'closed', reason: 'We are closed' })
  })

  it('finds users as documents, with their own fields', async () => {
    await using world = await newWorld()
    await world.createUser('ada')
    expect(await world.server.findUserByUsername('ADA', { fields: { username: 1, emails: 1 } })).toMatchObject({
      _id: expect.any(String) as string,
      username: 'ada',
    })
  })

  it('has nothing of its own to say to a DDP server', async () => {
    await using world = await newWorld()
    expect(world.server.ddp).toBeUndefined()
  })
})

describe("accounts-js's API on a server of Meteor's face", () => {
  it('signs in, resumes and signs out with tokens', async () => {
    await using world = meteorWorld()
    const id = await world.createUser()
    const { accounts } = world
    const { tokens } = await accounts.loginWithService('password', { user: 'ada', password: 'correct horse battery staple' }, {})
    expect((await accounts.resumeSession(tokens.accessToken)).id).toBe(id)
    await accounts.logout(tokens.accessToken)
    await expect(accounts.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
  })

  it('takes accounts-js hooks and further services', async () => {
    const heard: string[] = []
    const ddp = new DDPServer()
    await using world = meteorWorld({ services: { badge: { authenticate: async () => null } } })
    expect(Object.keys(world.accounts.getServices())).toEqual(['resume', 'password', 'code', 'badge'])
    world.accounts.on(ServerHooks.LoginSuccess, ({ service }) => void heard.push(service))
    await world.createUser()
    await world.login(world.connect())
    expect(heard).toEqual(['password'])
    expect(() => new AccountsServer(ddp, { tokenSecret: 'a secret of at least 32 random bytes, please' })).toThrow(
      /database driver is required/,
    )
  })
})
