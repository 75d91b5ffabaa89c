/**
 * Access tokens of the system that was here before. For a while after the switch each counts as a session of ours, if the one it stands for was live there.
 */
import { createHash } from 'node:crypto'

/** Such a system, as far as its tokens go. Whoever knows its habits makes one; see `compat/accounts-js-tokens.ts`. */
export interface EarlierTokens {
  /** What the sessions that come of them are called, among the factors and in the audit trail. */
  readonly name: string
  /** The first part of its tokens, byte for byte: nothing that a stranger wrote there is ever parsed. Never that of a token of ours. */
  readonly header: string
  /** From then on none is taken, epoch milliseconds. */
  readonly until: number
  /** Did it sign this? */
  verify(text: string, signature: Buffer): boolean
  /** What a genuine token says. Undefined when it is not one that is taken. */
  read(payload: Readonly<Record<string, unknown>>): EarlierToken | undefined
  /** The session a token stands for, as it is kept there. Asked when a token is first seen, and not again. */
  find(token: EarlierToken): Promise<EarlierSession | null>
}

/** What such a token says. */
export interface EarlierToken {
  /** What the session is found by there. */
  token: string
  userId: string
  /** Seconds since the epoch, as tokens count. */
  issuedAt: number
  expiresAt: number
  notBefore?: number
}

/** A session as it was kept there. */
export interface EarlierSession {
  userId: string
  isLive: boolean
  /** Somebody else acts as the user in it. */
  isImpersonated: boolean
  /** Epoch milliseconds, where it is known. */
  createdAt?: number
  ip: string
  userAgent: string
}

/**
 * The id under which the session goes on here: the same for every token of it, so that of two that are first seen at once one opens it, and an ended one
 * stands in the way of all of them. No key of ours is in it, or a change of keys would lead to another id, past the session that was ended.
 */
export function earlierSessionId(name: string, { token, userId }: EarlierToken): string {
  return createHash('sha256')
    .update(JSON.stringify([name, userId, token]))
    .digest('hex')
    .slice(0, 32)
}
