/** The login token in a cookie that no script can read: `useHttpOnlyCookies`, as Meteor's client has it. */
import { toSocketUrl } from '../ddp/socket-url.ts'

/** What the server says of the cookie: the token in it, or, where it shows that to no script, only whose it is. */
export type FoundLogin = { token: string; expires: number | undefined } | { userId: string }

/** The three addresses of a server for its login cookie. Calls go out one after another, so that the last one counts. */
export class LoginCookie {
  readonly #base: string
  #last: Promise<unknown> = Promise.resolve()

  /** @param rawUrl the address of the DDP server, as people call it */
  constructor(rawUrl: string) {
    this.#base = toSocketUrl(rawUrl)
      .replace(/^ws/, 'http')
      .replace(/\/websocket(?=$|\?).*$/, '/_accounts/cookie/')
  }

  /** Puts a token there. A server that does not take it leaves the login to this page alone. */
  keep(token: string): void {
    this.#change('set', { token })
  }

  /** Takes it away. The session is ended by `logout`. */
  forget(): void {
    this.#change('clear', {})
  }

  /** Null: nobody is signed in here. Rejects when the server cannot be reached. */
  async read(): Promise<FoundLogin | null> {
    const answer = await this.#ask('refresh')
    if (answer.status !== 200) return null
    const { token, tokenExpires, userId } = (await answer.json()) as { token?: unknown; tokenExpires?: unknown; userId?: unknown }
    if (typeof token === 'string') return { token, expires: typeof tokenExpires === 'string' ? Date.parse(tokenExpires) : undefined }
    return typeof userId === 'string' ? { userId } : null
  }

  #change(deed: 'set' | 'clear', body: object): void {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    this.#last = this.#ask(deed, init).then(
      ({ ok, status }) =>
        ok || console.error(`The login cookie was not kept: ${deed} answered ${status}. Is useHttpOnlyCookies on at the server?`),
      (error: unknown) => console.error(error),
    )
  }

  #ask(deed: string, init: RequestInit = {}): Promise<Response> {
    return this.#last.then(() => fetch(`${this.#base}${deed}`, { ...init, credentials: 'include', cache: 'no-store' }))
  }
}
