import { AccountsClient, AccountsClientPassword, RestClient } from '../index.ts'
import type { AccountsClientOptions } from '../index.ts'
import { FakeServer } from './fake-server.ts'

/** A server, and a client that is signed in unless told otherwise. */
export async function newWorld(options: AccountsClientOptions = {}, { signedIn = true } = {}) {
  const server = await new FakeServer().start()
  const storage = new Map<string, string>()
  const tokenStorage = {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
    removeItem: (key: string) => storage.delete(key),
  }
  const newTab = (more: AccountsClientOptions = {}) => {
    const client = new AccountsClient({ tokenStorage, ...options, ...more }, new RestClient({ apiHost: server.url, timeout: 20_000 }))
    return { client, password: new AccountsClientPassword(client) }
  }
  const { client, password } = newTab()
  if (signedIn) await password.login({ user: 'ada', password: 'correct horse' })
  return { server, storage, client, password, newTab, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}
