import type { Tokens } from '@latchkey/common'
import { AccountsClientError, isSessionOver } from './error.ts'
import { lockFor, pause, replacedFor } from './lock.ts'
import type { Lock, Replaced } from './lock.ts'
import { defaultStorage, givenStorage } from './token-storage.ts'
import type { KnownStorage, TokenStorage } from './token-storage.ts'

/** Seconds before its expiry from which an access token is replaced: time for a slow request, and for clocks that differ a little. */
const MARGIN = 30
/** How often, and how many milliseconds apart, a storage that lags behind another tab is read again: a second in all. */
const LOOKS = 40
const BETWEEN_LOOKS = 25

interface Opened {
  storage: KnownStorage
  lock: Lock
  replaced: Replaced | undefined
}

/** What the keeper needs from its client. */
export interface KeeperParts {
  storage: TokenStorage | undefined
  /** In front of every storage key, for example `accounts:`. */
  prefix: string
  /** Asks the server for the next pair. */
  renew(tokens: Tokens): Promise<Tokens>
  /** Told when the server said that the kept session is over, and its tokens are gone. */
  over(): void
}

/**
 * Keeps the pair of tokens and replaces it in time. Whatever interleaves (calls, tabs, a sign-in during a refresh, a network that comes and goes),
 * two things hold: one refresh at a time, and the pair is dropped only after the server said that its session is over.
 */
export class TokenKeeper {
  readonly #parts: KeeperParts
  #opened: Opened | undefined
  #flight: Promise<Tokens | null> | undefined
  /** How far the server's clock is ahead of ours, in milliseconds: learnt from `iat` whenever a token was just made. */
  #skew = 0

  constructor(parts: KeeperParts) {
    this.#parts = parts
  }

  /** The kept pair; null unless both are there. */
  async read(original = false): Promise<Tokens | null> {
    const { storage } = this.#open()
    const [access, refresh] = this.#keys(original)
    const accessToken = await storage.getItem(access)
    const refreshToken = await storage.getItem(refresh)
    return accessToken && refreshToken ? { accessToken, refreshToken } : null
  }

  /** Keeps a pair. Waits for a refresh under way, so that the two do not mix. `fresh`: it was made just now. */
  keep(tokens: Tokens, { original = false, fresh = false } = {}): Promise<void> {
    return this.#open().lock(() => this.#write(tokens, { original, fresh }))
  }

  /**
   * Puts the own pair aside, as the last refresh of any tab left it, and keeps another one. What was put aside before stays: of somebody who acts as one
   * user and then as another, the own pair is the first.
   */
  putAside(tokens: Tokens): Promise<void> {
    return this.#open().lock(async () => {
      const own = (await this.read(true)) ? null : await this.read()
      if (own) await this.#write(own, { original: true })
      try {
        await this.#write(tokens, { fresh: true })
      } catch (error) {
        // A storage that is full: nothing has begun then
        if (own) await this.#remove(true)
        throw error
      }
    })
  }

  /** Keeps the pair that was put aside again. First it is there twice, then once: at no moment it is nowhere. */
  restore(): Promise<void> {
    return this.#open().lock(async () => {
      const own = await this.read(true)
      if (own) await this.#write(own)
      await this.#remove(true)
    })
  }

  /** Forgets a pair. */
  forget(original = false): Promise<void> {
    return this.#open().lock(() => this.#remove(original))
  }

  /** Resolves when no refresh of this client is under way. */
  async settled(): Promise<void> {
    await this.#flight?.catch(() => {})
  }

  /**
   * A pair that is good for now; null when there is no session, or the server says it is over. Rejects when a new pair is needed and the server
   * cannot be asked; the kept one stays.
   * @param refused true: replace it in any case; a token: the server refused this one
   */
  async fresh(refused: boolean | string = false): Promise<Tokens | null> {
    const tokens = await this.read()
    if (!tokens) return null
    const demanded = refused === true || refused === tokens.accessToken
    if (!demanded && !this.#isOver(tokens.accessToken, MARGIN)) return tokens
    this.#flight ??= this.#replace(tokens.accessToken).finally(() => {
      this.#flight = undefined
    })
    const flight = this.#flight
    // In its last seconds a token still serves, should the server be out of reach.
    return demanded || this.#isOver(tokens.accessToken, 0) ? flight : flight.catch(() => tokens)
  }

  #replace(accessToken: string): Promise<Tokens | null> {
    return this.#open().lock(async () => {
      const tokens = await this.#readSettled()
      // Another tab was here first
      if (tokens?.accessToken !== accessToken) return tokens
      const next = await this.#renew(tokens)
      // A sign-in or a sign-out overtook us: it stands
      const kept = await this.read()
      if (kept?.refreshToken !== tokens.refreshToken) return kept
      if (next) {
        await this.#write(next, { fresh: true })
      } else {
        await this.#remove()
        this.#parts.over()
      }
      return next
    })
  }

  /** The kept pair as the last holder of the lock left it. Should the storage never catch up, the server still answers with the same successor. */
  async #readSettled(): Promise<Tokens | null> {
    const { replaced } = this.#open()
    let tokens = await this.read()
    for (let look = 0; look < LOOKS && tokens && (await replaced?.has(tokens.accessToken)); look++) {
      await pause(BETWEEN_LOOKS)
      tokens = await this.read()
    }
    return tokens
  }

  /** Null: the server said that the session is over. */
  async #renew(tokens: Tokens): Promise<Tokens | null> {
    try {
      const next: Partial<Tokens> | null | undefined = await this.#parts.renew(tokens)
      if (typeof next?.accessToken === 'string' && typeof next.refreshToken === 'string') {
        return { accessToken: next.accessToken, refreshToken: next.refreshToken }
      }
    } catch (error) {
      if (isSessionOver(error)) return null
      throw error
    }
    throw new AccountsClientError('The server answered a refresh without tokens', 'UnexpectedReply')
  }

  async #write(tokens: Tokens, { original = false, fresh = false } = {}): Promise<void> {
    const { storage } = this.#open()
    const [access, refresh] = this.#keys(original)
    await this.#tellReplaced(access, tokens.accessToken)
    // The refresh token first: should the tab die between the lines, a new refresh token beside an old access token still works.
    await storage.setItem(refresh, tokens.refreshToken)
    await storage.setItem(access, tokens.accessToken)
    const iat = fresh ? claimsOf(tokens.accessToken).iat : undefined
    if (iat !== undefined) this.#skew = iat * 1000 - Date.now()
  }

  async #remove(original = false): Promise<void> {
    const { storage } = this.#open()
    const keys = this.#keys(original)
    await this.#tellReplaced(keys[0])
    for (const key of keys) await storage.removeItem(key)
  }

  /** Other tabs may see the token under this key for a moment longer. */
  async #tellReplaced(key: string, next?: string): Promise<void> {
    const { storage, replaced } = this.#open()
    const last = replaced && (await storage.getItem(key))
    if (last && last !== next) await replaced.add(last)
  }

  /** A token whose expiry cannot be read is taken for good: the server will say otherwise. */
  #isOver(token: string, margin: number): boolean {
    const { iat, exp } = claimsOf(token)
    if (exp === undefined) return false
    // Short-lived tokens would never be fresh otherwise
    const ahead = Math.min(margin, (exp - (iat ?? 0)) / 4)
    return exp - ahead <= (Date.now() + this.#skew) / 1000
  }

  #keys(original: boolean): [access: string, refresh: string] {
    const { prefix } = this.#parts
    return original ? [`${prefix}originalAccessToken`, `${prefix}originalRefreshToken`] : [`${prefix}accessToken`, `${prefix}refreshToken`]
  }

  /** On first use, not when the client is made: a module that makes one can be imported on a server. */
  #open(): Opened {
    const { storage: given, prefix } = this.#parts
    if (this.#opened) return this.#opened
    const storage = given ? givenStorage(given) : defaultStorage()
    this.#opened = { storage, lock: lockFor(storage, `${prefix}lock`), replaced: replacedFor(storage, `${prefix}replaced`) }
    return this.#opened
  }
}

/** The times inside a JWT, in seconds. */
function claimsOf(token: string): { iat?: number; exp?: number } {
  try {
    const part = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    // Text beyond ASCII comes out garbled; the numbers do not.
    const claims: unknown = JSON.parse(atob(part))
    const { iat, exp } = claims as Record<string, unknown>
    return { ...(typeof iat === 'number' && { iat }), ...(typeof exp === 'number' && { exp }) }
  } catch {
    return {}
  }
}
