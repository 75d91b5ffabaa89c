/** What an `Error` of Meteor carries besides its message; also how one looks on the wire. */
export interface MeteorErrorFields {
  readonly isClientSafe: true
  /** A number in the manner of HTTP, or a word. */
  readonly error: string | number
  /** For the visitor. */
  readonly reason?: string
  /** Whatever helps a program: plain JSON. */
  readonly details?: unknown
  /** `reason [error]`, or `[error]` without a reason. */
  readonly message: string
  readonly errorType: 'Meteor.Error'
}

/** An error as callbacks and hooks are told of it: a {@link MeteorError} has all of these, another error its `message` alone. */
export type ReportedError = Error & Partial<Pick<MeteorErrorFields, 'error' | 'reason' | 'details'>>

/**
 * An error that a client may see as it is: thrown from a method, a publication or a hook, it arrives there with the same fields. Every other error becomes
 * `Internal server error`. Meteor knows it as `Meteor.Error`.
 * @example
 * import { MeteorError } from '@latchkey/common/ddp'
 * const error = new MeteorError('too-young', 'Come back in a year')
 * console.log(error.message) // Come back in a year [too-young]
 */
export class MeteorError extends Error implements MeteorErrorFields {
  override readonly name = 'Meteor.Error'
  readonly isClientSafe = true
  readonly error: string | number
  // Optional on the wire, so absent here as well: `exactOptionalPropertyTypes` takes them as they are.
  declare readonly reason?: string
  declare readonly details?: unknown
  readonly errorType = 'Meteor.Error'

  /**
   * @param error a number in the manner of HTTP, or a word
   * @param reason for the visitor
   * @param details whatever helps a program: plain JSON
   */
  constructor(error: string | number, reason?: string, details?: unknown) {
    super(reason === undefined ? `[${error}]` : `${reason} [${error}]`)
    this.error = error
    if (reason !== undefined) this.reason = reason
    if (details !== undefined) this.details = details
  }

  /** The same error once more, as EJSON clones what it does not know. */
  clone(): MeteorError {
    return new MeteorError(this.error, this.reason, this.details)
  }

  /** What travels, in the order Meteor sends it. */
  toWire(): MeteorErrorFields {
    return {
      isClientSafe: true,
      error: this.error,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      message: this.message,
      errorType: 'Meteor.Error',
    }
  }
}

/** True for a {@link MeteorError}, also one made by another copy of this package or by Meteor itself, and for an app's own error that says `isClientSafe`. */
export const isMeteorError = (value: unknown): value is MeteorError =>
  value instanceof MeteorError ||
  (value instanceof Error &&
    (('errorType' in value && value.errorType === 'Meteor.Error') || ('isClientSafe' in value && value.isClientSafe === true)) &&
    'error' in value &&
    (typeof value.error === 'string' || typeof value.error === 'number'))
