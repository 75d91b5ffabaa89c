/** Links from mails of Meteor's form, `#/verify-email/<token>`, which a page is opened with. */

/** What such a link is for. */
export type LinkKind = 'reset-password' | 'verify-email' | 'enroll-account'

/** Does what the link is for; `done` when somebody who was signed in before may be signed in again. */
export type LinkCallback = (token: string, done: () => void) => void

const KINDS: readonly LinkKind[] = ['reset-password', 'verify-email', 'enroll-account']

/** What a page was opened with. Empty outside a browser. */
export const hashOfPage = (): string => (typeof window === 'object' && 'location' in window ? window.location.hash : '')

/** The link in a hash; `none` when there is none. */
export function readLink(hash: string): { kind: LinkKind; token: string } | undefined {
  for (const kind of KINDS) {
    const token = hash.startsWith(`#/${kind}/`) ? hash.slice(kind.length + 3) : ''
    if (token) return { kind, token: decoded(token) }
  }
  return undefined
}

/** Whoever is signed in here may be another one than the owner of the link: while a link is open, nobody is signed in by what is stored. */
export interface AutoLogin {
  disable(): void
  enable(): void
}

/**
 * Brings the link of a page and its callback together, whichever comes first. Without a callback at the start of the page auto-login comes back: a link that
 * nobody waits for keeps nobody out.
 */
export class Links {
  readonly link: { readonly kind: LinkKind; readonly token: string } | undefined
  readonly #autoLogin: AutoLogin
  readonly #callbacks = new Map<LinkKind, LinkCallback>()
  #delivered = false
  #started = false

  constructor(hash: string, autoLogin: AutoLogin) {
    this.#autoLogin = autoLogin
    this.link = readLink(hash)
    if (!this.link) return
    autoLogin.disable()
    // Neither a reload, nor a bookmark, nor the way back opens it again
    const { history, location } = window
    history?.replaceState(history.state, '', location.href.split('#', 1)[0])
    if (location.hash !== '') location.hash = ''
    whenPageIsReady(() => {
      this.#started = true
      this.#deliver()
      if (!this.#delivered) autoLogin.enable()
    })
  }

  /** One callback for each kind; the last one counts. */
  on(kind: LinkKind, callback: LinkCallback): void {
    if (this.#callbacks.has(kind)) console.warn(`Accounts: a second callback for "${kind}" replaces the first one`)
    this.#callbacks.set(kind, callback)
    if (this.#started) queueMicrotask(() => this.#deliver())
  }

  /** The token of the link, if it is of that kind. */
  tokenFor(kind: LinkKind): string | undefined {
    return this.link?.kind === kind ? this.link.token : undefined
  }

  #deliver(): void {
    const callback = this.link && this.#callbacks.get(this.link.kind)
    if (!this.link || !callback || this.#delivered) return
    this.#delivered = true
    callback(this.link.token, () => this.#autoLogin.enable())
  }
}

/** After the scripts of the page, which register the callbacks, have run. */
export function whenPageIsReady(then: () => void): void {
  if (typeof document === 'object' && document.readyState === 'loading') document.addEventListener('DOMContentLoaded', then, { once: true })
  else setTimeout(then)
}

function decoded(token: string): string {
  try {
    return decodeURIComponent(token)
  } catch {
    return token
  }
}
