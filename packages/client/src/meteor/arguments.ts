/** What Meteor's functions ask of their arguments, in Meteor's words. */
import { MeteorError } from '@latchkey/common/meteor'
import type { Callback } from './callback.ts'

/** Who is meant: exactly one of these. */
export type UserSelector = { email: string } | { username: string } | { id: string }

/** Who is meant by what was typed: an address has an `@`. An object is taken as it is. */
export const toSelector = (typed: string | UserSelector): UserSelector =>
  typeof typed === 'string' ? (typed.includes('@') ? { email: typed } : { username: typed }) : typed

/** Judged by characters as people count them, not by UTF-16 units. */
export interface PasswordRules {
  passwordMinLength?: number
  passwordMaxLength?: number
}

/**
 * Judges a new password here, because over DDP the server sees only its digest.
 * @throws MeteorError `Password may not be empty`, and when it is too short or too long
 */
export function checkNewPassword(password: string, { passwordMinLength = 8, passwordMaxLength = 256 }: PasswordRules): void {
  if (!password) throw new MeteorError(400, 'Password may not be empty')
  const { length } = Array.from(password)
  if (length < passwordMinLength) throw new MeteorError(400, `Password must have at least ${passwordMinLength} characters`)
  if (length > passwordMaxLength) throw new MeteorError(400, `Password must have at most ${passwordMaxLength} characters`)
}

/** @throws MeteorError with the reason, unless it is a text with something in it */
export function checkText(value: unknown, reason: string, code: number = 400): asserts value is string {
  if (typeof value !== 'string' || !value) throw new MeteorError(code, reason)
}

/** The code of an authenticator app, as a parameter where there is one, and the callback, before which it may stand. */
export const withCode = (
  first: string | Callback | undefined,
  second: Callback | undefined,
): [code: string[], callback: Callback | undefined] =>
  typeof first === 'function' ? [[], first] : [first === undefined ? [] : [first], second]
