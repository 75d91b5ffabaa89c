/** What the core asks of the world: time, chance, timers, a log, a way to hash passwords; and what a mail is. */
import type { Stop } from '@latchkey/common'
import type { PasswordForm, StoredPassword } from './identity/credential.ts'

/** Epoch milliseconds. */
export interface Clock {
  now(): number
}

/** Cryptographically strong random bytes. */
export interface Chance {
  bytes(length: number): Uint8Array
}

/** Work for later. Neither call keeps the process alive. */
export interface Timers {
  after(milliseconds: number, work: () => void): Stop
  every(milliseconds: number, work: () => void): Stop
}

/** The part of a pino logger that Latchkey uses. Never given a secret, a token, a password or a hash. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A mail ready to be sent. accounts-js's `sendMail` receives the same fields. */
export interface Mail {
  from: string
  to: string
  subject: string
  text: string
  html?: string
  /** Further headers, on Meteor's face. */
  headers?: Readonly<Record<string, string>>
}

/** A password as it arrived: in clear (REST), or already digested as Meteor's clients do. */
export type PasswordInput = string | { digest: string; algorithm: 'sha-256' }

/** Hashes and verifies passwords; provided by the password strategy. All work passes its bounded queue. */
export interface PasswordHasher {
  /** Hashes for storage in the current form. Throws `Busy` when the queue is full. */
  hash(password: PasswordInput, origin: { ip: string }): Promise<StoredPassword>
  /**
   * True when the password matches. `stored: null` (no such user, or one without a password) does the same work on a decoy
   * chosen by `decoyKey`, and is always false. Throws `Busy`.
   */
  verify(password: PasswordInput, stored: StoredPassword | null, about: { decoyKey: string; ip: string }): Promise<boolean>
  /** False when a good login should hash the password anew. */
  isCurrent(stored: StoredPassword): boolean
  /** Forms this hasher can verify from a digest alone. */
  verifiesDigest(form: PasswordForm): boolean
}

/** All ports together. */
export interface Ports {
  clock: Clock
  chance: Chance
  timers: Timers
  log: Log
}
