/** ddp.js: messages and nothing more. What is said in them is the app's. */
import DDP from 'ddp.js'
import type { Client, Library, Login } from './client.ts'
import { digested } from './client.ts'
import { keepDocuments } from './documents.ts'

export const ddpJs: Library = {
  name: 'ddp.js',
  over: 'websocket',
  comesBack: false,
  async open({ endpoint, SocketConstructor, closeAll }, autoReconnect): Promise<Client> {
    const ddp = new DDP({ endpoint, SocketConstructor, autoReconnect })
    const answers = new Map<string, (answer: { error?: unknown; result?: unknown }) => void>()
    const whenReady = new Map<string, () => void>()
    ddp.on('result', answer => answers.get(answer.id)?.(answer))
    ddp.on('ready', ({ subs }) => subs.forEach(id => whenReady.get(id)?.()))
    const call = (method: string, ...params: unknown[]): Promise<unknown> =>
      new Promise((resolve, reject) => {
        answers.set(ddp.method(method, params), ({ error, result }) => (error === undefined ? resolve(result) : reject(error)))
      })
    const login = (method: string, options: unknown): Promise<Login> => call(method, options) as Promise<Login>
    return {
      call,
      signUp: ({ password, ...user }) => login('createUser', { ...user, password: digested(password) }),
      logIn: (username, password) => login('login', { user: { username }, password: digested(password) }),
      resume: token => login('login', { resume: token }),
      subscribe: (publication, ...params) => new Promise(resolve => whenReady.set(ddp.sub(publication, params), resolve)),
      documents: keepDocuments(ddp),
      changePassword: async (from, to) => void (await call('changePassword', digested(from), digested(to))),
      logOut: async () => void (await call('logout')),
      closed: new Promise(resolve => void ddp.on('disconnected', () => resolve())),
      leave: closeAll,
    }
  },
}
