import { describe, expect, it } from 'vitest'
import { newWorld, PASSWORD } from '../testing/index.ts'
import { restWorld } from '../testing/rest-world.ts'
import { ServerHooks } from './server-hooks.ts'

describe('listeners to a hook', () => {
  it('run at the same time, and the deed waits for them', async () => {
    await using world = await newWorld()
    await world.createUser('ada')
    const calls: string[] = []
    for (const name of ['first', 'second']) {
      world.server.on(ServerHooks.LoginSuccess, async () => {
        calls.push(`${name} begins`)
        // Several turns of the event loop: whoever does not wait is done before.
        for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
        calls.push(`${name} ends`)
      })
    }
    await world.loginAs('ada')
    expect(calls).toEqual(['first begins', 'second begins', 'first ends', 'second ends'])
  })

  it('to CreateUserError hear nothing of what was refused', async () => {
    await using world = await newWorld({ options: { ambiguousErrorMessages: false } })
    await world.createUser('ada')
    let heard = 0
    world.server.on(ServerHooks.CreateUserError, () => void heard++)
    const refusals = {
      UsernameAlreadyExists: { username: 'ada', password: PASSWORD },
      EmailAlreadyExists: { email: 'ada@example.org', password: PASSWORD },
      InvalidEmail: { email: 'no address', password: PASSWORD },
      InvalidPassword: { username: 'bob', password: '' },
    }
    for (const [code, input] of Object.entries(refusals)) {
      await expect(world.server.accounts.register(input, world.origin)).rejects.toMatchObject({ code })
      await expect(world.server.accounts.createAccount(input)).rejects.toMatchObject({ code })
    }
    expect(heard).toBe(0)
  })

  it('hear over REST of a session that a request was asked by, and then of what it did', async () => {
    await using world = await restWorld()
    const { tokens } = await world.loginAs('ada')
    const events: string[] = []
    for (const hook of [ServerHooks.ResumeSessionSuccess, ServerHooks.ResumeSessionError, ServerHooks.LogoutSuccess])
      world.server.on(hook, () => void events.push(hook))
    const headers = { authorization: `Bearer ${tokens.accessToken}` }
    await world.post('/accounts/user', {}, headers)
    await world.post('/accounts/logout', {}, headers)
    await world.post('/accounts/user', {}, headers)
    expect(events).toEqual(['ResumeSessionSuccess', 'LogoutSuccess', 'ResumeSessionError'])
  })
})
