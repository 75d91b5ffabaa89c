/** Meteor for React Native. It is written for a bundler, and has one client in it, so each one that is opened here is a copy of the bundle. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'vite'
import { WebSocket } from 'ws'
import { RECONNECT_INTERVAL } from './client.ts'
import type { Client, Document, Library, Login, Sockets } from './client.ts'

type Callback = (error?: unknown, result?: unknown) => void

/** The parts of the library that the stories use, as its own types have them. */
interface Meteor {
  connect(endpoint: string, options: object): void
  waitDdpConnected(callback: () => void): void
  call(method: string, ...params: unknown[]): void
  subscribe(publication: string, ...params: unknown[]): unknown
  loginWithPassword(user: string, password: string, callback: Callback): void
  _login(options: object, callback: Callback): void
  logout(callback: Callback): void
  userId(): string | null
  getAuthToken(): string
  getData(): { ddp: { on(event: string, listener: () => void): void } }
}
interface MeteorModule {
  default: Meteor
  Accounts: {
    createUser(user: object, callback: Callback): void
    changePassword(from: string, to: string, callback: Callback): void
  }
  Mongo: { Collection: new (name: string) => { find(): { fetch(): Record<string, unknown>[] } } }
}

let folder = ''
let copies = 0
const nextTick = process.nextTick.bind(process)

export const meteorrn: Library = { name: '@meteorrn/core', over: 'websocket', comesBack: true, open }

/** To be called when all is over. */
export const removeBundle = (): Promise<void> => (folder === '' ? Promise.resolve() : rm(folder, { recursive: true, force: true }))

async function open(sockets: Sockets, autoReconnect: boolean): Promise<Client> {
  const { default: Meteor, Accounts, Mongo } = await loadCopy()
  const { endpoint, SocketConstructor } = sockets
  Meteor.connect(endpoint, { SocketConstructor, AsyncStorage: keptInMemory(), autoReconnect, reconnectInterval: RECONNECT_INTERVAL })
  const closed = new Promise<void>(resolve => Meteor.getData().ddp.on('disconnected', resolve))
  const until = (work: (callback: Callback) => void): Promise<unknown> =>
    new Promise((resolve, reject) => {
      work((error, result) => (error ? reject(error) : resolve(result)))
    })
  const collections = new Map<string, InstanceType<MeteorModule['Mongo']['Collection']>>()
  const collection = (name: string) => {
    const found = collections.get(name) ?? new Mongo.Collection(name)
    collections.set(name, found)
    return found
  }
  const login = async (work: (callback: Callback) => void): Promise<Login> => {
    await until(work)
    // Null until the user's document is there, and it comes before the answer.
    return { id: String(Meteor.userId()), token: Meteor.getAuthToken() }
  }
  await new Promise<void>(resolve => Meteor.waitDdpConnected(resolve))
  return {
    signUp: user => login(done => Accounts.createUser({ ...user }, done)),
    logIn: (username, password) => login(done => Meteor.loginWithPassword(username, password, done)),
    resume: token => login(done => Meteor._login({ resume: token }, done)),
    call: (method, ...params) => until(done => Meteor.call(method, ...params, done)),
    subscribe: async (publication, ...params) => void (await until(done => Meteor.subscribe(publication, ...params, () => done()))),
    // `_version` is its database's own.
    documents: name =>
      collection(name)
        .find()
        .fetch()
        .map(({ _id, _version, ...fields }): Document => ({ id: String(_id), ...fields })),
    changePassword: async (from, to) => void (await until(done => Accounts.changePassword(from, to, done))),
    logOut: async () => void (await until(done => Meteor.logout(done))),
    closed,
    leave: sockets.closeAll,
  }
}

async function loadCopy(): Promise<MeteorModule> {
  // React Native has one, and so have newer versions of Node.
  if (!('WebSocket' in globalThis)) Object.assign(globalThis, { WebSocket })
  const bundle = pathToFileURL(join(await bundled(), 'meteorrn.mjs'))
  // The query makes it another module to Node. The module is what its types say.
  const copy = (await import(/* @vite-ignore */ `${bundle.href}?${(copies += 1)}`)) as MeteorModule
  // It puts `setImmediate` in this place, for React Native has none. Servers run in this process too.
  process.nextTick = nextTick
  return copy
}

let bundling: Promise<string> | undefined
const bundled = (): Promise<string> => (bundling ??= bundle())

async function bundle(): Promise<string> {
  // Beside `node_modules`: it asks for parts of React Native as it runs.
  const cache = fileURLToPath(new URL('../../../.cache', import.meta.url))
  await mkdir(cache, { recursive: true })
  folder = await mkdtemp(join(cache, 'meteorrn-'))
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: fileURLToPath(import.meta.resolve('@meteorrn/core')),
      outDir: folder,
      rolldownOptions: { output: { entryFileNames: 'meteorrn.mjs' } },
    },
  })
  return folder
}

/** React Native's storage. */
function keptInMemory(): object {
  const items = new Map<string, string>()
  return {
    getItem: async (key: string) => items.get(key) ?? null,
    setItem: async (key: string, value: string) => void items.set(key, value),
    removeItem: async (key: string) => void items.delete(key),
  }
}
