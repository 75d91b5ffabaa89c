/** GraphQL as an operator has it: the built server, in a process of its own. */
import { AccountsClient, AccountsClientPassword } from '@latchkey/client'
import { AccountsGraphQLClient } from '@latchkey/client/graphql'
import { expect, it } from 'vitest'
import { fetchGraphQL } from './support/graphql-fetch.ts'
import { command, dataFolder, startStandalone } from './support/standalone.ts'

const PASSWORD = 'correct horse battery staple'

it('the built server answers /graphql, beside REST and with the same sessions', async () => {
  const data = await dataFolder()
  try {
    const made = await command(data.path, ['user', 'create', '--email', 'ada@example.org', '--password-stdin'], { input: `${PASSWORD}\n` })
    expect(made).toMatchObject({ code: 0 })
    const server = await startStandalone(data.path)
    const client = new AccountsClient({}, new AccountsGraphQLClient({ graphQLClient: fetchGraphQL(server.url) }))
    await new AccountsClientPassword(client).login({ user: 'ada@example.org', password: PASSWORD })
    expect(await client.getUser()).toMatchObject({ emails: [{ address: 'ada@example.org' }] })
    const tokens = await client.getTokens()
    const overRest = await fetch(`${server.url}/accounts/sessions`, { headers: { authorization: `Bearer ${tokens?.accessToken}` } })
    expect(await overRest.json()).toMatchObject([{ current: true }])
    await client.logout()
    expect(await server.stop()).toBe(0)
  } finally {
    await data.remove()
  }
})
