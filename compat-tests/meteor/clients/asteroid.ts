/** Asteroid: its sign-up sends names where Meteor has not looked for them since 2015, so that one is a call. */
import { createClass } from 'asteroid'
import type { Client, Library, Login } from './client.ts'
import { digested, RECONNECT_INTERVAL } from './client.ts'
import { keepDocuments } from './documents.ts'

const Asteroid = createClass()
let clients = 0

export const asteroid: Library = {
  name: 'asteroid',
  over: 'websocket',
  comesBack: true,
  async open({ endpoint, SocketConstructor, closeAll }, autoReconnect): Promise<Client> {
    // It keeps logins by address, and two clients of a test are not the same person.
    const client = new Asteroid({
      endpoint: `${endpoint}?client=${(clients += 1)}`,
      SocketConstructor,
      autoReconnect,
      reconnectInterval: RECONNECT_INTERVAL,
    })
    // It answers logins with the id alone, and keeps the token to itself.
    let token = ''
    client.ddp.on('result', ({ result }) => {
      if (typeof result === 'object' && result && 'token' in result) token = String(result.token)
    })
    const login = async (work: Promise<string>): Promise<Login> => ({ id: await work, token })
    return {
      signUp: async ({ password, ...user }) => {
        const signedUp = (await client.call('createUser', { ...user, password: digested(password) })) as Login
        return { ...signedUp, id: await client.login({ resume: signedUp.token }) }
      },
      logIn: (username, password) => login(client.loginWithPassword({ username, password: digested(password) })),
      resume: given => login(client.login({ resume: given })),
      call: (method, ...params) => client.call(method, ...params),
      subscribe: (publication, ...params) => new Promise(resolve => client.subscribe(publication, ...params).on('ready', resolve)),
      documents: keepDocuments(client.ddp),
      changePassword: async (from, to) => void (await client.call('changePassword', digested(from), digested(to))),
      logOut: async () => void (await client.logout()),
      closed: new Promise(resolve => client.on('disconnected', resolve)),
      leave: closeAll,
    }
  },
}
