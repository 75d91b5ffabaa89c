/**
 * What lets a client take up its session again after its socket broke. Sessions know who is signed in, so the id of one, which apps log and show, is not
 * enough: whoever takes it up brings a secret that is good once, from the same address and with the same kind of client.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Chance } from '../../core/ports.ts'
import type { DdpFacts } from '../../wire/ddp-socket.ts'

const SECRET_BYTES = 32

/** Kept only for clients that asked for it. Thousands of them idle: what is empty is not made. */
export class Resumption {
  /** What the client has not been sent, in order. */
  #frames: string[] | null = null
  #size = 0
  /** Calls that arrived and have no result yet. */
  #running: Set<string> | null = null
  /** Calls whose result waits, or waited, for the client to come back. */
  #answered: Set<string> | null = null
  /** As text: a buffer takes ten times its bytes. */
  #hash = ''
  #wasResumed = false

  /** A new secret, in the place of the one before. */
  issue(chance: Chance): string {
    const secret = Buffer.from(chance.bytes(SECRET_BYTES)).toString('base64url')
    this.#hash = hash(secret).toString('latin1')
    return secret
  }

  accepts(secret: unknown): boolean {
    return typeof secret === 'string' && timingSafeEqual(hash(secret), Buffer.from(this.#hash, 'latin1'))
  }

  get wasResumed(): boolean {
    return this.#wasResumed
  }

  /** Keeps what the client is to be sent later. False: that would be too much. */
  keep(frame: string, count: number, size: number): boolean {
    const frames = (this.#frames ??= [])
    frames.push(frame)
    this.#size += frame.length
    return frames.length <= count && this.#size <= size
  }

  park(): void {
    this.#answered = null
  }

  resume(): string[] {
    const frames = this.#frames ?? []
    this.#frames = null
    this.#size = 0
    this.#wasResumed = true
    return frames
  }

  began(id: string): void {
    this.#running ??= new Set()
    this.#running.add(id)
  }

  ended(id: string, isParked: boolean): void {
    this.#running?.delete(id)
    if (isParked) (this.#answered ??= new Set()).add(id)
  }

  /** A client that came back sends again what it has no result of; what arrived the first time is not done twice. */
  hasHadCall(id: string): boolean {
    return this.#wasResumed && (this.#running?.has(id) === true || this.#answered?.has(id) === true)
  }
}

/** The same network address, program and cookie: a secret that leaked elsewhere is of no use there. */
export const looksAlike = (one: DdpFacts, other: DdpFacts): boolean =>
  one.clientAddress === other.clientAddress &&
  one.httpHeaders['user-agent'] === other.httpHeaders['user-agent'] &&
  one.loginCookie === other.loginCookie

const hash = (secret: string): Buffer => createHash('sha256').update(secret).digest()
