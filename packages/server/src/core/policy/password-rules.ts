/**
 * What may become a password: NIST SP 800-63B, 3.1.1.2. Long enough, not too long, not among the most common ones, not the user's own name;
 * no rules about kinds of characters, no expiry, no Unicode normalisation (a digest cannot be normalised).
 */
import { createHash } from 'node:crypto'
import type { PasswordInput } from '../ports.ts'
import type { PasswordSettings } from '../settings.ts'
import { isCommonDigest } from './common-passwords.ts'

/** Why a password was refused. `refused`: the app's own `validatePassword` said no. */
export type PasswordFault = 'not-a-password' | 'too-short' | 'too-long' | 'common' | 'context' | 'refused'

/** The verdict on a password; `message` is for the person who chose it. */
export type PasswordVerdict = { ok: true } | { ok: false; reason: PasswordFault; message: string }

/** Whose password it would be: their own names make a poor one. */
export interface PasswordOwner {
  username?: string
  emails?: readonly string[]
}

/** The rules that are asked. */
export type PasswordRules = Pick<
  PasswordSettings,
  'minLength' | 'maxLength' | 'refuseCommon' | 'contextWords' | 'acceptDigests' | 'validatePassword'
>

/**
 * Reads a password as it arrived: a string, or Meteor's `{ digest, algorithm: 'sha-256' }` with exactly those two keys and 64 lower-case hex
 * digits. Null: no password, or a digest while digests are not accepted. Says nothing about its strength.
 */
export function readPassword(value: unknown, rules: Pick<PasswordRules, 'acceptDigests'>): PasswordInput | null {
  if (typeof value === 'string') return value
  if (!rules.acceptDigests || typeof value !== 'object' || value === null) return null
  const { digest, algorithm, ...rest } = value as Record<string, unknown>
  const isDigest = algorithm === 'sha-256' && typeof digest === 'string' && DIGEST.test(digest) && Object.keys(rest).length === 0
  return isDigest ? { digest, algorithm } : null
}

/** The lower-case hex SHA-256 of a password's UTF-8 bytes: what both ways of sending a password come down to. */
export const digestOf = (password: PasswordInput): string =>
  typeof password === 'string' ? createHash('sha256').update(password).digest('hex') : password.digest

/**
 * Judges a password that somebody wants to set. A digest hides length and characters, so it is judged by the lists alone (the length is
 * the client's business then).
 */
export function judgePassword(rules: PasswordRules, password: PasswordInput, owner: PasswordOwner): PasswordVerdict {
  const given = readPassword(password, rules)
  if (given === null || (typeof given === 'string' && LONE_SURROGATE.test(given)))
    return refused('not-a-password', 'This is not a password.')
  if (typeof given === 'string') {
    const length = countCodePoints(given, rules.maxLength)
    if (length < rules.minLength) return refused('too-short', `Use at least ${rules.minLength} characters.`)
    if (length > rules.maxLength) return refused('too-long', `Use at most ${rules.maxLength} characters.`)
  }
  if (isOwnWord(given, [...rules.contextWords, ...wordsOf(owner)])) {
    return refused('context', 'This is too close to your own name or address, or to the name of this site. Please choose another.')
  }
  if (rules.refuseCommon && isCommon(given)) {
    return refused('common', 'This is one of the most common passwords, so it would be guessed first. Please choose another.')
  }
  if (typeof given === 'string' && rules.validatePassword && !rules.validatePassword(given))
    return refused('refused', 'Please choose another password.')
  return { ok: true }
}

const DIGEST = /^[0-9a-f]{64}$/

/** Half of a character outside the basic plane: UTF-8 has no form for it, so two different passwords would become one. */
const LONE_SURROGATE = /\p{Surrogate}/u

const refused = (reason: PasswordFault, message: string): PasswordVerdict => ({ ok: false, reason, message })

/** NIST counts code points. Stops just beyond `most`, however long the text is. */
function countCodePoints(text: string, most: number): number {
  let count = 0
  for (const _ of text) {
    count += 1
    if (count > most) break
  }
  return count
}

/** Names and addresses whole, and the part of an address before the `@`. */
function wordsOf({ username, emails = [] }: PasswordOwner): string[] {
  const words = username === undefined ? [] : [username]
  for (const email of emails) words.push(email, email.slice(0, Math.max(0, email.lastIndexOf('@'))))
  return words
}

/** A clear password is compared without case, and with a little decoration around the word; a digest with the usual spellings of it. */
function isOwnWord(password: PasswordInput, words: readonly string[]): boolean {
  const used = words.filter(word => word !== '')
  if (typeof password !== 'string') return used.some(word => spellings(word).some(spelling => digestOf(spelling) === password.digest))
  const folded = password.toLowerCase()
  return used.some(word => isDecorated(folded, word.toLowerCase()))
}

/** The word itself, or the word with at most four digits or signs around it: `latchkey2026`, `!latchkey!`. */
function isDecorated(password: string, word: string): boolean {
  const at = password.indexOf(word)
  if (at < 0) return false
  const around = password.slice(0, at) + password.slice(at + word.length)
  return around.length <= 4 && !/\p{Letter}/u.test(around)
}

const spellings = (word: string): string[] => [word, word.toLowerCase(), word.toUpperCase(), capitalised(word.toLowerCase())]

const capitalised = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1)

/** The list is in lower case, so a clear password is looked up as typed and in lower case. */
function isCommon(password: PasswordInput): boolean {
  if (isCommonDigest(digestOf(password))) return true
  return typeof password === 'string' && isCommonDigest(digestOf(password.toLowerCase()))
}
