/** Reads what a login with a code was sent. */
import { AccountsError } from '@latchkey/common'
import { readSelector } from '../../core/flows/request-login-code.ts'
import type { Identifier } from '../../core/identity/user.ts'

/** What a login with a code sends, read. */
export type CodeParams = {
  /** As it was mailed, in upper case. */
  token: string
  /** The answer to a second factor, given at once. */
  code?: string
} & ({ request: string } | { selector: Identifier })

const LONGEST = 64

/**
 * `undefined`: for another strategy.
 * @throws AccountsError `MatchFailed` for a field of the wrong type, and for one that does not belong here
 */
export function readParams(options: unknown, { bound, length }: { bound: boolean; length: number }): CodeParams | undefined {
  if (typeof options !== 'object' || options === null || !('token' in options)) return undefined
  const whose = bound ? 'request' : 'selector'
  if (!(whose in options)) return undefined
  const { token, code, ...rest } = options as Record<string, unknown>
  const { [whose]: asked, ...stray } = rest
  const field = Object.keys(stray)[0]
  if (field !== undefined) throw mismatch(field)
  if (typeof token !== 'string' || token === '' || token.length > length) throw mismatch('token')
  if (code !== undefined && code !== null && typeof code !== 'string') throw mismatch('code')
  const read = { token: token.toUpperCase(), ...(typeof code === 'string' && code !== '' ? { code } : {}) }
  if (!bound) return { ...read, selector: readSelector(asked) }
  if (typeof asked !== 'string' || asked === '' || asked.length > LONGEST) throw mismatch('request')
  return { ...read, request: asked }
}

const mismatch = (field: string): AccountsError => new AccountsError('MatchFailed', { details: { field } })
