/** What a client may learn of an error. */
import { ERRORS, isAccountsError } from '@latchkey/common'
import type { AccountsError } from '@latchkey/common'
import { isMeteorError, MeteorError } from '@latchkey/common/ddp'
import type { MeteorErrorFields } from '@latchkey/common/ddp'
import type { Log } from '../../core/ports.ts'

/** The error as it travels. What is not meant for clients goes to the log, without what the client had sent, and the client learns only that it happened. */
export function toWireError(error: unknown, log: Log, about: object): MeteorErrorFields {
  const safe = safeErrorOf(error)
  // A `sanitizedError` is the message for the client; what really happened is still worth a line.
  if (!safe || !isOnPurpose(error)) log.error({ err: error, ...about }, 'an exception was kept from a DDP client')
  return fieldsOf(safe ?? new MeteorError(500, 'Internal server error'))
}

/** The same as an error that a client may see; undefined: it may not. */
export function safeErrorOf(error: unknown): MeteorError | undefined {
  if (isMeteorError(error)) return error
  if (isAccountsError(error)) return ERRORS[error.code].status === 500 ? undefined : ofAccounts(error)
  if (typeof error !== 'object' || error === null || !('sanitizedError' in error)) return undefined
  return isMeteorError(error.sanitizedError) ? error.sanitizedError : undefined
}

const isOnPurpose = (error: unknown): boolean => isMeteorError(error) || isAccountsError(error)

/** Meteor's words for one of ours. */
function ofAccounts(error: AccountsError): MeteorError {
  const { message, meteor } = ERRORS[error.code]
  if (error.code === 'AppError') return new MeteorError(error.appCode ?? meteor[0], error.message, error.details)
  // Whoever throws with a text of their own means it for the visitor.
  const reason = error.message === message ? meteor[1] : error.message
  if (error.retryAfter === undefined) return new MeteorError(meteor[0], reason, error.details)
  return new MeteorError(meteor[0], reason, { ...error.details, timeToReset: error.retryAfter * 1000 })
}

/** One made by Meteor itself, or by the app, has the same fields, and no way to write them. Details that are no JSON stay behind. */
function fieldsOf({ error, reason, details, message }: MeteorError): MeteorErrorFields {
  return { ...new MeteorError(error, reason, isJson(details) ? details : undefined).toWire(), message }
}

function isJson(details: unknown): boolean {
  try {
    return JSON.stringify(details) !== undefined
  } catch {
    return false
  }
}
