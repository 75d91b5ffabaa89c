/**
 * Where a client keeps its tokens: `window.localStorage`, React Native's AsyncStorage, anything with these three. Each may answer at once
 * or with a promise. A storage of your own counts as shared by several tabs or processes: refreshes over it take turns.
 */
export interface TokenStorage {
  getItem(key: string): string | null | Promise<string | null>
  setItem(key: string, value: string): unknown
  removeItem(key: string): unknown
}

/** The part of Web Storage that is used: it answers at once. */
export type WebStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** A storage and what the client has to know about it. */
export interface KnownStorage extends TokenStorage {
  /** False: nobody but this object can see what is in it. */
  readonly shared: boolean
}

/**
 * The browser's localStorage where it works, memory everywhere else: on a server (where each client then has its own, so that no request
 * sees the session of another), in a browser that forbids storage, in a worker.
 */
export function defaultStorage(): KnownStorage {
  try {
    const { localStorage } = window
    const probe = 'accounts:probe'
    // Reading is allowed in some places where writing throws.
    localStorage.setItem(probe, '')
    localStorage.removeItem(probe)
    return {
      shared: true,
      getItem: key => localStorage.getItem(key),
      setItem: (key, value) => localStorage.setItem(key, value),
      removeItem: key => localStorage.removeItem(key),
    }
  } catch {
    return memoryStorage()
  }
}

/** A storage that nobody else sees, and that ends with its client. */
export function memoryStorage(): WebStorage & { readonly shared: false } {
  const kept = new Map<string, string>()
  return {
    shared: false,
    getItem: key => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: key => void kept.delete(key),
  }
}

/** A storage the app brought, bound to its object. */
export const givenStorage = (storage: TokenStorage): KnownStorage => ({
  shared: true,
  getItem: key => storage.getItem(key),
  setItem: (key, value) => storage.setItem(key, value),
  removeItem: key => storage.removeItem(key),
})
