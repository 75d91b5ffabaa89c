/** What a client uses of a page: storages that other tabs share, an address, events. Stub it with `vi.stubGlobal('window', page.window)`. */

type Listener = (event: { key: string | null }) => void

/** A storage of Web Storage's kind. */
export class FakeStorage {
  readonly kept = new Map<string, string>()
  full = false
  /** The browser allows nothing any more. */
  forbidden = false

  getItem(key: string): string | null {
    this.#check()
    return this.kept.get(key) ?? null
  }

  setItem(key: string, value: string): void {
    this.#check()
    if (this.full && value !== '') throw new Error('QuotaExceededError')
    this.kept.set(key, value)
  }

  removeItem(key: string): void {
    this.#check()
    this.kept.delete(key)
  }

  #check(): void {
    if (this.forbidden) throw new Error('SecurityError')
  }
}

/** One tab. */
export class FakePage {
  readonly localStorage: FakeStorage
  readonly sessionStorage: FakeStorage = new FakeStorage()
  readonly location: { hash: string; host: string; origin: string; href: string }
  readonly replaced: string[] = []
  readonly #listeners = new Set<Listener>()

  /** @param localStorage that of another tab, to be in the same browser */
  constructor(hash = '', localStorage: FakeStorage = new FakeStorage(), search = '') {
    this.localStorage = localStorage
    this.location = { hash, host: 'app.test', origin: 'http://app.test', href: `http://app.test/in/${search}${hash}` }
  }

  get window(): object {
    const { localStorage, sessionStorage, location } = this
    return {
      localStorage,
      sessionStorage,
      location,
      history: { state: null, replaceState: (_state: unknown, _title: string, url: string) => void this.replaced.push(url) },
      addEventListener: (name: string, listener: Listener) => void (name === 'storage' && this.#listeners.add(listener)),
      removeEventListener: (_name: string, listener: Listener) => void this.#listeners.delete(listener),
    }
  }

  /** How many listen to the storage. */
  get listening(): number {
    return this.#listeners.size
  }

  /** What the browser says in this tab when another one has written. */
  storageEvent(key: string | null): void {
    for (const listener of this.#listeners) listener({ key })
  }
}
