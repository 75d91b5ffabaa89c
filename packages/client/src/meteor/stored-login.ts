/** Signing in by what is stored: when a page loads, and when another tab signs in or out. */
import { tokenExpiresSoon } from '@latchkey/common/meteor'
import type { AccountsConfig } from '@latchkey/common/meteor'
import type { DdpSide } from './ddp-side.ts'
import type { LoginCookie } from './login-cookie.ts'
import type { KeptLogin, LoginTokenStore } from './login-token-store.ts'
import type { PageLoad } from './page-load.ts'

/** What it is made of. */
export interface AutoLoginParts {
  side: DdpSide
  store: LoginTokenStore
  pageLoad: PageLoad
  options(): AccountsConfig
}

/** Keeps a client in step with its storage. */
export class StoredLogin {
  enabled = true
  readonly #parts: AutoLoginParts
  #unwatch: (() => void) | undefined
  #cookie: LoginCookie | undefined

  constructor(parts: AutoLoginParts) {
    this.#parts = parts
  }

  /** At the start of a page. */
  start(): void {
    const { store } = this.#parts
    const kept = this.enabled ? this.#read() : null
    if (kept) this.#resume(kept)
    this.#unwatch = store.watch(() => this.poll())
  }

  /** At the start of a page whose login is in a cookie. A server that cannot be reached leaves it there, for the next page. */
  startWith(cookie: LoginCookie): void {
    this.#parts.side.whileLoggingIn(this.#resumeFrom(cookie).catch((error: unknown) => console.error(error)))
  }

  /** Looks whether another tab has signed in or out. */
  poll(): void {
    const { store, side } = this.#parts
    if (!this.enabled || side.isAsked) return
    const kept = store.read()
    if ((kept?.token ?? null) === store.lastSeen) return
    if (kept) return side.resumeStored(kept, () => {})
    store.lastSeen = null
    return side.leave()
  }

  disable(): void {
    this.enabled = false
  }

  enable(): void {
    this.enabled = true
    const { side, store } = this.#parts
    if (this.#cookie && !side.isAsked && !store.read()) this.startWith(this.#cookie)
    else this.poll()
  }

  close(): void {
    this.enabled = false
    this.#unwatch?.()
  }

  async #resumeFrom(cookie: LoginCookie): Promise<void> {
    const found = await cookie.read()
    // While a link is open, what the cookie says has to wait: it is asked again then.
    this.#cookie = this.enabled ? undefined : cookie
    if (!found || !this.enabled) return
    if ('userId' in found) this.#parts.side.resumeByCookie(found.userId)
    else this.#resume({ token: found.token, userId: null, expires: found.expires })
  }

  #resume(kept: KeptLogin): void {
    const { pageLoad, side } = this.#parts
    side.resumeStored(kept, error => {
      const methodArguments = [{ resume: kept.token }] as const
      pageLoad.report({ type: 'resume', allowed: !error, ...(error ? { error } : {}), methodName: 'login', methodArguments })
    })
  }

  /** What is stored, unless it is not worth trying any more. */
  #read(): KeptLogin | null {
    const { store } = this.#parts
    const kept = store.read()
    if (!kept || kept.expires === undefined || !tokenExpiresSoon(this.#parts.options(), kept.expires, Date.now())) return kept
    store.clear()
    return null
  }
}
