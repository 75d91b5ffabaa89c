import { describe, expect, it } from 'vitest'
import { accountsExpress } from '../mounts/express.ts'
import { accountsFetch } from '../mounts/fetch.ts'
import { newWorld } from '../testing/index.ts'
import { accountsGraphQL } from '../transports/graphql/index.ts'
import { restTransport } from '../transports/rest/index.ts'
import { accountsOf } from './accounts-of.ts'

describe('transports and mounts', () => {
  it('take the server and the core within it alike', async () => {
    await using world = await newWorld()
    const { server } = world
    expect(accountsOf(server)).toBe(server.accounts)
    expect(accountsOf(server.accounts)).toBe(server.accounts)
    for (const given of [server, server.accounts]) {
      expect((await restTransport(given).fetch(new Request('http://localhost/healthz'))).status).toBe(200)
      expect(accountsGraphQL(given).typeDefs).toContain('type Query')
    }
  })

  it('say what they want when they are given something else', () => {
    for (const nothing of [undefined, null, {}, 'accounts', { accounts: undefined }]) {
      // What JavaScript lets through.
      for (const make of [restTransport, accountsGraphQL, accountsExpress, accountsFetch] as ((given: unknown) => unknown)[]) {
        expect(() => make(nothing)).toThrow('An AccountsServer is wanted here, made with new AccountsServer(options, services)')
      }
    }
  })
})
