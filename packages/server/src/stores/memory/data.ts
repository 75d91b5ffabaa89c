/** What a memory store keeps, and the steps its deeds share. */
import { subscribe } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { AuditEvent } from '../../core/audit/events.ts'
import type { Credential } from '../../core/identity/credential.ts'
import type { Identifier, User } from '../../core/identity/user.ts'
import type { KeptService } from '../../core/identity/kept-service.ts'
import type { OutboxMail } from '../../core/mail/outbox-mail.ts'
import type { SecretHash } from '../../core/session/secret.ts'
import type { NewSession } from '../../core/session/session.ts'
import type { Along, Failures, Tally } from '../../core/store.ts'
import type { OneTimeToken } from '../../core/token/one-time-token.ts'
import { Groups } from './groups.ts'

/** A user, and what leads to them. */
export interface UserRow {
  user: User
  /** Keys of `user.emails`, in the same order; undefined for an address that was claimed under no key. */
  emailKeys: (string | undefined)[]
  usernameKey: string | undefined
  identifiers: Identifier[]
  credentials: Credential[]
}

/** All tables of one store. */
export class MemoryData {
  readonly users = new Map<string, UserRow>()
  /** Identifier → user id. */
  readonly identifiers = new Map<string, string>()
  readonly sessions = new Map<string, NewSession>()
  readonly resumes = new Map<SecretHash, string>()
  readonly sessionsOfUser = new Groups()
  /** By the administrator, and by the session they did it from. */
  readonly impersonatedBy = new Groups()
  readonly impersonatedFrom = new Groups()
  readonly tokens = new Map<SecretHash, OneTimeToken>()
  /** Purpose, user and address → the one token they may have. */
  readonly tokenSlots = new Map<string, SecretHash>()
  readonly tokensOfUser = new Groups<SecretHash>()
  readonly windows = new Map<string, Omit<Tally, 'key'>>()
  readonly failures = new Map<string, Failures & { forgetAt: number }>()
  readonly outbox = new Map<string, { mail: OutboxMail; hiddenUntil: number }>()
  audit: AuditEvent[] = []
  readonly services = new Map<string, KeptService>()

  readonly #listeners = new Set<(userId: string | null) => void>()
  readonly #changed = new Set<string>()

  /**
   * Runs one deed. Nothing can come in between, because it never waits; so it is atomic if it throws, when it does, before its first write. Listeners
   * hear of changed users once it is whole.
   */
  async deed<T>(work: () => T): Promise<T> {
    const outcome = work()
    this.#tellChanged()
    return outcome
  }

  /** Notes that cached sessions of a user are no longer true. */
  noteChange(userId: string): void {
    this.#changed.add(userId)
  }

  listen(listener: (userId: string | null) => void): Stop {
    return subscribe(this.#listeners, listener)
  }

  publish(userId: string): void {
    for (const listener of this.#listeners) listener(userId)
  }

  /** Prepares what rides along with a deed; call what it returns once the deed is certain. */
  prepare(along: Along | undefined): () => void {
    if (!along) return () => {}
    const { audit = [], mail = [], token } = along
    const rides = copy({ audit, mail })
    const rider = token && copy(token)
    return () => {
      this.audit.push(...rides.audit)
      for (const each of rides.mail) this.outbox.set(each.id, { mail: each, hiddenUntil: 0 })
      if (rider) this.putToken(rider)
    }
  }

  /** The row that an identifier leads to. */
  userBy({ kind, key }: Identifier): UserRow | undefined {
    const id = kind === 'id' ? key : this.identifiers.get(identifierKey(kind, key))
    return id === undefined ? undefined : this.users.get(id)
  }

  /** Takes the place of an earlier token of the same purpose, user and address. */
  putToken(token: OneTimeToken): void {
    const slot = slotOf(token)
    const earlier = this.tokenSlots.get(slot)
    if (earlier !== undefined) this.dropToken(earlier)
    this.tokens.set(token.hash, token)
    this.tokenSlots.set(slot, token.hash)
    if (token.userId !== null) this.tokensOfUser.add(token.userId, token.hash)
  }

  dropToken(hash: SecretHash): void {
    const token = this.tokens.get(hash)
    if (!token) return
    this.tokens.delete(hash)
    this.tokenSlots.delete(slotOf(token))
    if (token.userId !== null) this.tokensOfUser.remove(token.userId, hash)
  }

  /** Drops the tokens of a user that `condemned` names. */
  dropTokensOf(userId: string, condemned: (token: OneTimeToken) => boolean): void {
    for (const hash of this.tokensOfUser.of(userId)) {
      const token = this.tokens.get(hash)
      if (token && condemned(token)) this.dropToken(hash)
    }
  }

  /** A token that is good for this purpose at this moment. */
  goodToken(hash: SecretHash, purpose: OneTimeToken['purpose'], now: number): OneTimeToken | undefined {
    const token = this.tokens.get(hash)
    return token && token.purpose === purpose && now < token.expiresAt ? token : undefined
  }

  /** Audit lines of a user who was removed keep what happened and when. */
  pseudonymise(userId: string): void {
    for (const line of this.audit) {
      if (line.userId === userId) Object.assign(line, { ip: null, userAgent: null, data: {} })
    }
  }

  #tellChanged(): void {
    if (this.#changed.size === 0) return
    const changed = [...this.#changed]
    this.#changed.clear()
    for (const userId of changed) this.publish(userId)
  }
}

/**
 * A copy as a database would make one: through JSON, so that what would not survive there does not survive here either, and callers can
 * change nothing that is kept.
 */
export function copy<T>(row: T): T {
  // Rows are plain data by their types; JSON brings back what it was given.
  return JSON.parse(JSON.stringify(row)) as T
}

/** Identifiers are unique within their kind. */
export const identifierKey = (kind: Identifier['kind'], key: string): string => `${kind}\0${key}`

/** Deletes entries that are over, at most `limit`; returns how many. */
export function sweepMap<K, V>(
  map: Map<K, V>,
  limit: number,
  isOver: (value: V) => boolean,
  drop: (key: K) => void = key => map.delete(key),
): number {
  let swept = 0
  for (const [key, value] of map) {
    if (swept >= limit) break
    if (!isOver(value)) continue
    drop(key)
    swept += 1
  }
  return swept
}

const slotOf = ({ purpose, userId, address }: OneTimeToken): string => JSON.stringify([purpose, userId, address])
