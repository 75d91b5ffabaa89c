/** SimpleDDP with its plugin for logins, over WebSocket and over SockJS. */
import SimpleDDP from 'simpleddp'
import { simpleDDPLogin } from 'simpleddp-plugin-login'
import type { Client, Document, Library, Login, Sockets } from './client.ts'
import { digested, RECONNECT_INTERVAL } from './client.ts'

export const simpleddp: Library = { name: 'simpleddp', over: 'websocket', comesBack: true, open }
export const simpleddpOverSockJs: Library = { name: 'simpleddp over SockJS', over: 'sockjs', comesBack: true, open }

async function open({ endpoint, SocketConstructor, closeAll }: Sockets, autoReconnect: boolean): Promise<Client> {
  const client = new SimpleDDP({ endpoint, SocketConstructor, autoReconnect, reconnectInterval: RECONNECT_INTERVAL }, [simpleDDPLogin])
  await client.connect()
  return {
    // The plugin has no sign-up, and goes on from the token of one.
    signUp: async ({ password, ...user }) => {
      const { id, token } = (await client.call('createUser', { ...user, password: digested(password) })) as Login
      return { ...(await client.login({ resume: token })), id }
    },
    logIn: (username, password) => client.login({ user: { username }, password: digested(password) }),
    resume: token => client.login({ resume: token }),
    call: (method, ...params) => client.call(method, ...params),
    subscribe: (publication, ...params) => client.subscribe(publication, ...params).ready(),
    documents: collection => client.collection(collection).fetch() as Document[],
    changePassword: async (from, to) => void (await client.call('changePassword', digested(from), digested(to))),
    logOut: () => client.logout(),
    closed: new Promise(resolve => void client.on('disconnected', resolve)),
    leave: closeAll,
  }
}
