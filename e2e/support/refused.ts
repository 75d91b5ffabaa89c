import { ERRORS } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import { AccountsClientError } from '@latchkey/client'
import { MeteorError } from '@latchkey/client/meteor'
import { expect } from 'vitest'

/**
 * What a call is refused with, whatever the wire: REST and GraphQL say our code. Over DDP our own methods say it in the details, and Meteor's say Meteor's
 * `error`; in its words, or in those that tell nothing.
 */
export function refused(code: ErrorCode): unknown {
  return expect.toSatisfy((error: unknown) => (error instanceof MeteorError ? isRefusal(error, code) : isOurs(error, code)), code)
}

/** The one refusal that accounts-js has no code for is told by its status. */
const isOurs = (error: unknown, code: ErrorCode): boolean =>
  codeOf(error) === code || (code === 'Unauthorized' && error instanceof AccountsClientError && error.status === 401)

function isRefusal({ error, reason, details }: MeteorError, code: ErrorCode): boolean {
  const said = codeOf(details)
  if (said !== undefined) return said === code
  const { meteor } = ERRORS[code]
  return error === meteor[0] && (reason === meteor[1] || reason === ERRORS.InvalidCredentials.meteor[1])
}

const codeOf = (value: unknown): unknown => (typeof value === 'object' && value !== null && 'code' in value ? value.code : undefined)

/** The token of a login that is half done, from the refusal that asks for the second factor. */
export function pendingIn(error: unknown): unknown {
  const details = typeof error === 'object' && error !== null && 'details' in error ? error.details : undefined
  return typeof details === 'object' && details !== null && 'pending' in details ? details.pending : undefined
}
