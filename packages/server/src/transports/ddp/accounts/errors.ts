/** What a client of Meteor is told of an error: `Meteor.Error`s, in Meteor's words. */
import { ERRORS, isAccountsError } from '@latchkey/common'
import type { AccountsError, ErrorCode } from '@latchkey/common'
import { isMeteorError, MeteorError } from '@latchkey/common/ddp'
import type { Settings } from '../../../core/settings.ts'

/** What is said in the place of every reason that would tell who has an account, and of what kind. */
export const AMBIGUOUS: string = ERRORS.InvalidCredentials.meteor[1]

/** Their reasons are for apps that set `ambiguousErrorMessages: false`. */
const DISCLOSING: ReadonlySet<ErrorCode> = new Set([
  'UserNotFound',
  'IncorrectPassword',
  'NoPasswordSet',
  'TwoFactorRequired',
  'TwoFactorInvalid',
  'UsernameAlreadyExists',
  'EmailAlreadyExists',
  'NoEmailSet',
  'LoginTokenExpired',
  'LoginTokenMismatch',
  'LoginTokenNotSet',
])

/** A reason, where the app lets reasons be told. */
export const reasonOf = ({ ambiguousErrorMessages }: Pick<Settings, 'ambiguousErrorMessages'>, reason: string): string =>
  ambiguousErrorMessages ? AMBIGUOUS : reason

/** How much of an error a method tells: Meteor's own say what Meteor says, ours our code too. */
export type Manner = 'meteor' | 'ours'

/**
 * What a client may see of an error. `Meteor.Error`s of the app pass as they are; what is no error for clients stays what it is, and becomes
 * `Internal server error` on the wire.
 */
export function toMeteorError(settings: Settings, thrown: unknown, manner: Manner = 'meteor'): unknown {
  if (isMeteorError(thrown) || !isAccountsError(thrown)) return thrown
  if (thrown.code === 'AppError') return ofApp(settings, thrown)
  const [error, reason] = ERRORS[thrown.code].meteor
  if (error === 500) return thrown
  if (thrown.code === 'TooManyAttempts') return tooMany(thrown, manner)
  return new MeteorError(error, wordsOf(settings, thrown, reason, manner), detailsOf(thrown, manner))
}

/** The app's own words, or those of a rule, go before Meteor's. */
function wordsOf(settings: Settings, { code, message }: AccountsError, reason: string, manner: Manner): string {
  // As over the other wires: which service is missing, where Meteor's words would blame what was sent.
  if (manner === 'ours' && code === 'ServiceNotFound') return message
  const isOwn = message !== ERRORS[code].message && !PARTICULAR.has(code)
  if (isOwn) return message
  return DISCLOSING.has(code) ? reasonOf(settings, reason) : reason
}

/** Of these the message names what is no business of a stranger's. */
const PARTICULAR: ReadonlySet<ErrorCode> = new Set(['AuthenticationFailed', 'ServiceNotFound', 'InvalidSession'])

function detailsOf({ code, details }: AccountsError, manner: Manner): unknown {
  if (manner === 'ours') return { code, ...details }
  // The one thing a client of ours cannot do without: what to complete the login with.
  return code === 'TwoFactorRequired' ? details : undefined
}

/** As Meteor's rate rules say it. */
function tooMany({ code, retryAfter = 1 }: AccountsError, manner: Manner): MeteorError {
  const text = `Error, too many requests. Please slow down. You must wait ${retryAfter} seconds before trying again.`
  return new MeteorError('too-many-requests', text, { ...(manner === 'ours' ? { code } : {}), timeToReset: retryAfter * 1000 })
}

/** Meteor hides what an app throws that is not made for clients; apps of other faces throw plain errors for them. */
function ofApp({ face }: Settings, error: AccountsError): unknown {
  if (isMeteorError(error.cause)) return error.cause
  if (face === 'meteor' && error.appCode === undefined && error.cause !== undefined) return error.cause
  return new MeteorError(error.appCode ?? ERRORS.AppError.meteor[0], error.message)
}

/** Refuses what has not the shape it should have, as Meteor's `check` does. */
export const matchFailed = (): MeteorError => new MeteorError(...ERRORS.MatchFailed.meteor)
