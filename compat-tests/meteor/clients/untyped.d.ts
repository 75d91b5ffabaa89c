/** The parts of libraries without types that the stories use. */

interface DdpOptions {
  endpoint: string
  SocketConstructor: new (endpoint: string) => object
  autoReconnect?: boolean
  reconnectInterval?: number
}

declare module 'simpleddp' {
  export default class SimpleDDP {
    constructor(options: DdpOptions, plugins: unknown[])
    login(options: unknown): Promise<{ id: string; token: string }>
    logout(): Promise<void>
    call(method: string, ...params: unknown[]): Promise<unknown>
    subscribe(publication: string, ...params: unknown[]): { ready(): Promise<void> }
    collection(name: string): { fetch(): Record<string, unknown>[] }
    on(event: string, listener: () => void): unknown
    connect(): Promise<void>
  }
}

declare module 'simpleddp-plugin-login' {
  export const simpleDDPLogin: unknown
}

declare module 'ddp.js' {
  /** Of all its kinds. */
  interface Message {
    id: string
    collection: string
    subs: string[]
    fields?: Record<string, unknown>
    cleared?: string[]
    result?: unknown
    error?: unknown
  }
  export default class DDP {
    constructor(options: DdpOptions)
    method(name: string, params: unknown[]): string
    sub(name: string, params: unknown[]): string
    on(event: string, listener: (message: Message) => void): this
  }
}

declare module 'asteroid' {
  import type DDP from 'ddp.js'

  export interface Asteroid {
    loginWithPassword(options: { username: string; password: unknown }): Promise<string>
    login(options: unknown): Promise<string>
    logout(): Promise<null>
    call(method: string, ...params: unknown[]): Promise<unknown>
    subscribe(publication: string, ...params: unknown[]): { on(event: string, listener: () => void): void }
    on(event: string, listener: () => void): void
    readonly ddp: DDP
  }
  export function createClass(mixins?: unknown[]): new (options: DdpOptions) => Asteroid
}
