/** The part of `sockjs-client` that the test uses; the package brings no types. */
declare module 'sockjs-client' {
  export default class SockJS {
    constructor(url: string, protocols: null, options: { transports: string | string[]; timeout: number })
    addEventListener(type: 'open', listener: () => void): void
    addEventListener(type: 'message', listener: (event: { data: string }) => void): void
    addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
    readonly transport: string
    send(message: string): void
    close(): void
  }
}
