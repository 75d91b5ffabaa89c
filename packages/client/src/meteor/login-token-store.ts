/** Where the login token is kept, under the names and in the form that Meteor's own client uses, so that either finds what the other one left. */

import { memoryStorage } from '../token-storage.ts'
import type { WebStorage } from '../token-storage.ts'

/** What is kept of a login. */
export interface KeptLogin {
  userId: string | null
  token: string
  /** Epoch milliseconds; undefined when nobody said, or nobody can read what was said. */
  expires: number | undefined
}

/** Where logins are kept: for as long as the browser likes, until the tab is closed, or as long as the page is there. */
export type StorageKind = 'local' | 'session' | 'memory'

/** Told of every token that is kept, and when it is forgotten. */
export interface TokenWatcher {
  keep(token: string): void
  forget(): void
}

/** Keeps one login. Touches no storage before it is first asked. */
export class LoginTokenStore {
  USER_ID_KEY: string
  LOGIN_TOKEN_KEY: string
  LOGIN_TOKEN_EXPIRES_KEY: string
  /** The token that this client wrote or took over last: another one in the storage comes from another tab. */
  lastSeen: string | null = null
  #kind: StorageKind
  #watcher: TokenWatcher | undefined
  #opened: { storage: WebStorage; shared: boolean } | undefined

  /** @param suffix behind every name: tells the logins of several servers apart */
  constructor(kind: StorageKind, suffix: string) {
    this.#kind = kind
    this.USER_ID_KEY = `Meteor.userId${suffix}`
    this.LOGIN_TOKEN_KEY = `Meteor.loginToken${suffix}`
    this.LOGIN_TOKEN_EXPIRES_KEY = `Meteor.loginTokenExpires${suffix}`
  }

  /** True where other tabs see the same storage, so that looking again makes sense. */
  get shared(): boolean {
    return this.#open().shared
  }

  /** From now on there. What was kept before stays where it was. */
  use(kind: StorageKind): void {
    if (kind === this.#kind) return
    this.#kind = kind
    this.#opened = undefined
  }

  /** From now on tokens stay in this page's memory, and are told to a watcher, which keeps them elsewhere. One that was stored moves there. */
  hand(watcher: TokenWatcher): void {
    const kept = this.read()
    this.clear()
    this.#watcher = watcher
    this.use('memory')
    if (kept) this.write(kept.userId ?? '', kept.token, new Date(kept.expires ?? Number.NaN))
  }

  /** Under names that nobody else has. */
  isolate(): void {
    const own = Math.random().toString(36).slice(2)
    this.USER_ID_KEY += own
    this.LOGIN_TOKEN_KEY += own
    this.LOGIN_TOKEN_EXPIRES_KEY += own
  }

  read(): KeptLogin | null {
    const { storage } = this.#open()
    const token = storage.getItem(this.LOGIN_TOKEN_KEY)
    if (!token) return null
    return { token, userId: storage.getItem(this.USER_ID_KEY), expires: readExpiry(storage.getItem(this.LOGIN_TOKEN_EXPIRES_KEY)) }
  }

  /** `String(date)`, as Meteor's client writes it. */
  readExpiryText(): string | null {
    return this.#open().storage.getItem(this.LOGIN_TOKEN_EXPIRES_KEY)
  }

  /** The token last: a tab that sees it finds the rest. */
  write(userId: string, token: string, expires: Date): void {
    const { storage } = this.#open()
    if (token !== this.lastSeen) this.#watcher?.keep(token)
    this.lastSeen = token
    try {
      storage.setItem(this.USER_ID_KEY, userId)
      storage.setItem(this.LOGIN_TOKEN_EXPIRES_KEY, String(expires))
      storage.setItem(this.LOGIN_TOKEN_KEY, token)
    } catch (error) {
      // A full storage: the login holds as long as this page does, and the one before is nobody's any more
      console.error(error)
      this.#erase(storage)
      this.#opened = { storage: memoryStorage(), shared: false }
      this.write(userId, token, expires)
    }
  }

  clear(): void {
    const { storage } = this.#open()
    this.#watcher?.forget()
    this.lastSeen = null
    this.#erase(storage)
  }

  #erase(storage: WebStorage): void {
    for (const key of [this.LOGIN_TOKEN_KEY, this.USER_ID_KEY, this.LOGIN_TOKEN_EXPIRES_KEY]) storage.removeItem(key)
  }

  /** Calls when another tab wrote or removed the token. */
  watch(changed: () => void): () => void {
    if (!this.shared) return () => {}
    const onStorage = ({ key }: StorageEvent): void => {
      // `null`: everything was cleared
      if (key === null || key === this.LOGIN_TOKEN_KEY) changed()
    }
    // Some browsers do not tell tabs of another process: look now and then, as Meteor's client does
    const timer = setInterval(changed, POLL)
    const page = window
    page.addEventListener('storage', onStorage)
    return () => {
      clearInterval(timer)
      page.removeEventListener('storage', onStorage)
    }
  }

  #open(): { storage: WebStorage; shared: boolean } {
    this.#opened ??= openStorage(this.#kind)
    return this.#opened
  }
}

/** Milliseconds between two looks at the storage. */
const POLL = 3000

function openStorage(kind: StorageKind): { storage: WebStorage; shared: boolean } {
  if (kind === 'memory') return { storage: memoryStorage(), shared: false }
  try {
    const storage = kind === 'session' ? window.sessionStorage : window.localStorage
    // Reading is allowed in some places where writing throws
    storage.setItem('Meteor.probe', '')
    storage.removeItem('Meteor.probe')
    return { storage: lenient(storage), shared: true }
  } catch {
    return { storage: memoryStorage(), shared: false }
  }
}

/** What was last seen there counts where it can be read no longer: a storage that is taken away is no sign-out. */
function lenient(storage: WebStorage): WebStorage {
  const seen = memoryStorage()
  return {
    getItem(key) {
      try {
        const value = storage.getItem(key)
        if (value === null) seen.removeItem(key)
        else seen.setItem(key, value)
      } catch {
        // What was seen is all there is
      }
      return seen.getItem(key)
    },
    setItem(key, value) {
      storage.setItem(key, value)
      seen.setItem(key, value)
    },
    removeItem(key) {
      seen.removeItem(key)
      try {
        storage.removeItem(key)
      } catch {
        // It cannot be read either
      }
    },
  }
}

/** Other browsers, and other languages of the same one, have written other things there: what cannot be read, or lies before all logins, says nothing. */
function readExpiry(text: string | null): number | undefined {
  const time = text ? new Date(text).getTime() : 0
  return time > 0 ? time : undefined
}
