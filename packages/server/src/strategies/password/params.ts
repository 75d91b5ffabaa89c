/** Reads what a password login was sent. accounts-js's shapes and errors; every field is type-checked before it comes near a store. */
import type { AccountsError, ErrorCode } from '@latchkey/common'
import { emailKey, parseEmail } from '../../core/identity/email.ts'
import type { Identifier } from '../../core/identity/user.ts'
import { usernameKey } from '../../core/identity/username.ts'
import { readPassword } from '../../core/policy/password-rules.ts'
import type { PasswordInput } from '../../core/ports.ts'

/** A password login, read. */
export interface PasswordParams {
  /** Whom they say they are; null when it can be nobody. */
  identifier: Identifier | null
  password: PasswordInput
  /** The answer to a second factor, given at once. */
  code?: string
}

/** Makes an error with the app's own text for it, if there is one. */
export type Refusal = (code: ErrorCode, field?: string) => AccountsError

/**
 * `undefined`: neither `user` nor `password`, so it is for another strategy.
 * @throws AccountsError `UnrecognizedOptionsForLogin` when one of them is missing or empty, `MatchFailed` when something has the wrong type
 */
export function readParams(options: unknown, { acceptDigests }: { acceptDigests: boolean }, refusal: Refusal): PasswordParams | undefined {
  if (typeof options !== 'object' || options === null) return undefined
  const { user, password, code } = options as Record<string, unknown>
  if (user === undefined && password === undefined) return undefined
  if (!user || !password) throw refusal('UnrecognizedOptionsForLogin', user ? 'password' : 'user')
  const given = readPassword(password, { acceptDigests })
  if (given === null) throw refusal('MatchFailed', 'password')
  const identifier = readUser(user, refusal)
  if (code === undefined || code === null || code === '') return { identifier, password: given }
  if (typeof code !== 'string') throw refusal('MatchFailed', 'code')
  return { identifier, password: given, code }
}

/** A text is an address if it reads as one, else a name. Of an object `id` counts before `username`, and that before `email`. */
function readUser(user: unknown, refusal: Refusal): Identifier | null {
  if (typeof user === 'string') {
    const email = parseEmail(user)
    return findable(email ? { kind: 'email', key: email.key } : { kind: 'username', key: usernameKey(user), typed: user })
  }
  if (typeof user !== 'object' || user === null || Array.isArray(user)) throw refusal('MatchFailed', 'user')
  const { id, username, email } = user as Record<string, unknown>
  const [idText, name, address] = [
    text(id, 'user.id', refusal),
    text(username, 'user.username', refusal),
    text(email, 'user.email', refusal),
  ]
  if (idText) return findable({ kind: 'id', key: idText })
  if (name) return findable({ kind: 'username', key: usernameKey(name), typed: name })
  return address ? findable({ kind: 'email', key: emailKey(address) }) : null
}

function text(value: unknown, field: string, refusal: Refusal): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw refusal('MatchFailed', field)
  return value
}

/** Ids have at most 64 characters, and PostgreSQL has no NUL in its texts: such a thing names nobody, in every store. */
function findable(identifier: Identifier): Identifier | null {
  const { kind, key } = identifier
  return key === '' || key.includes('\0') || (kind === 'id' && key.length > 64) ? null : identifier
}
