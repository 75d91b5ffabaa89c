/** Mongo's selectors, as far as users can be looked up by them. */
import { EJSON } from '@latchkey/common/ddp'
import { emailKey } from '../../core/identity/email.ts'
import type { Identifier } from '../../core/identity/user.ts'
import { usernameKey } from '../../core/identity/username.ts'
import { isPlain, readPath, refuse, valuesAt } from './paths.ts'
import type { Fields } from './paths.ts'

/** An id, or for example `{ username: 'ada' }`, `{ 'emails.address': 'ada@example.org' }`, `{ 'services.github.id': 7 }`, `{ _id: { $in: […] } }`, `{}`. */
export type UserSelector = string | Readonly<Record<string, unknown>>

/** Whoever holds a live session by the login token of this hash (SHA-256 in base64). */
export interface LoginTokenHolder {
  kind: 'login-token'
  hashedToken: string
}

/** What a selector comes down to: whom to look at, and which of those it means. */
export interface ReadSelector {
  /** Null: everybody. */
  candidates: (Identifier | LoginTokenHolder)[] | null
  matches: (document: Fields) => boolean
}

/**
 * Reads a selector.
 * @throws MeteorError 409 for one that names nobody by what users are found by, and for operators that are not known
 */
export function readSelector(selector: unknown): ReadSelector {
  const fields = typeof selector === 'string' ? { _id: selector } : selector
  // As in Meteor, whose apps would otherwise change everybody for want of an id.
  if (fields === undefined || fields === null) return { candidates: [], matches: () => false }
  if (!isPlain(fields)) refuse('A selector is an id or an object')
  if (Object.keys(fields).length === 0) return { candidates: null, matches: () => true }
  // How Meteor's apps find out whose login token a request brings. It is in no document, so it is no condition like others.
  const { [HASHED_TOKEN]: token, ...others } = fields
  if (token !== undefined) {
    const holders = (valuesIn(token) ?? []).filter(hash => typeof hash === 'string')
    return {
      candidates: holders.map(hashedToken => ({ kind: 'login-token', hashedToken })),
      matches: document => matchesAll(document, others),
    }
  }
  const candidates = candidatesIn(fields)
  if (!candidates) {
    refuse(
      'Users are found by _id, username, emails.address or services.<name>.id, and narrowed down by other fields beside one of those. ' +
        'To go through all of them, use find({})',
    )
  }
  return { candidates, matches: document => matchesAll(document, fields) }
}

/** The one id that a selector is about and nothing else; undefined when it is about more. */
export function idIn(selector: unknown): string | undefined {
  if (typeof selector === 'string') return selector
  if (!isPlain(selector) || Object.keys(selector).length !== 1) return undefined
  return typeof selector._id === 'string' ? selector._id : undefined
}

const HASHED_TOKEN = 'services.resume.loginTokens.hashedToken'

// ------------------------------------------------------------------------------------------------------------- finding

function candidatesIn(fields: Fields): Identifier[] | null {
  for (const [name, condition] of Object.entries(fields)) {
    const keyOf = keyedBy(name)
    const values = keyOf && valuesIn(condition)
    if (keyOf && values) return values.flatMap(value => keyOf(value) ?? [])
  }
  // Of conditions that all hold, each one is enough to find by.
  const { $and: all } = fields
  if (!Array.isArray(all)) return null
  for (const part of all) {
    const candidates = isPlain(part) ? candidatesIn(part) : null
    if (candidates) return candidates
  }
  return null
}

/** How a value of this field leads to a user; undefined for a field that leads to none. */
function keyedBy(name: string): ((value: unknown) => Identifier | null) | undefined {
  if (name === '_id') return value => (typeof value === 'string' ? { kind: 'id', key: value } : null)
  if (name === 'username') {
    return value => (typeof value === 'string' ? { kind: 'username', key: usernameKey(value), typed: value } : null)
  }
  if (name === 'emails.address') {
    return value => {
      const key = typeof value === 'string' ? emailKey(value) : null
      return key === null ? null : { kind: 'email', key }
    }
  }
  const provider = /^services\.([\w-]{1,64})\.id$/.exec(name)?.[1]
  if (provider === undefined) return undefined
  return value => (typeof value === 'string' || typeof value === 'number' ? { kind: `oauth:${provider}`, key: String(value) } : null)
}

/** The values that a condition lets a field have; undefined when they are not listed. */
function valuesIn(condition: unknown): unknown[] | undefined {
  if (condition instanceof RegExp) refuse('Users are not searched by patterns')
  if (!isCondition(condition)) return [condition]
  if ('$eq' in condition) return [condition.$eq]
  return Array.isArray(condition.$in) ? condition.$in : undefined
}

// ------------------------------------------------------------------------------------------------------------ matching

function matchesAll(document: Fields, fields: Fields): boolean {
  return Object.entries(fields).every(([name, condition]) => {
    if (name === '$and') return partsOf(name, condition).every(part => matchesAll(document, part))
    if (name === '$or') return partsOf(name, condition).some(part => matchesAll(document, part))
    if (name === '$nor') return !partsOf(name, condition).some(part => matchesAll(document, part))
    // Providers name their users by numbers or texts; it is the same name.
    const values = valuesAt(document, readPath(name))
    return keyedBy(name) && name.startsWith('services.')
      ? matchesValue(values.map(String), textsIn(condition))
      : matchesValue(values, condition)
  })
}

function partsOf(name: string, condition: unknown): Fields[] {
  if (!Array.isArray(condition) || !condition.every(isPlain)) refuse(`${name} takes a list of selectors`)
  return condition
}

function textsIn(condition: unknown): unknown {
  if (!isCondition(condition)) return typeof condition === 'number' ? String(condition) : condition
  const { $in: list, $eq: one } = condition
  return {
    ...condition,
    ...(Array.isArray(list) ? { $in: list.map(String) } : {}),
    ...('$eq' in condition ? { $eq: String(one) } : {}),
  }
}

/** Does one of the values at a place meet the condition? Of a list, as a whole or by an element. */
export function matchesValue(values: readonly unknown[], condition: unknown): boolean {
  const all = values.flatMap(value => (Array.isArray(value) ? [value, ...(value as unknown[])] : [value]))
  if (!isCondition(condition)) return isAmong(all, condition)
  return Object.entries(condition).every(([operator, operand]) => {
    if (!Object.hasOwn(CONDITIONS, operator)) refuse(`Unrecognized operator: ${operator}`)
    return CONDITIONS[operator]?.(all, operand)
  })
}

const CONDITIONS: Readonly<Record<string, (values: readonly unknown[], operand: unknown) => boolean>> = {
  $eq: isAmong,
  $ne: (values, operand) => !isAmong(values, operand),
  $in: (values, operand) => readList('$in', operand).some(one => isAmong(values, one)),
  $nin: (values, operand) => !readList('$nin', operand).some(one => isAmong(values, one)),
  $exists: (values, operand) => values.some(value => value !== undefined) === Boolean(operand),
  $gt: (values, operand) => values.some(value => order(value, operand) > 0),
  $gte: (values, operand) => values.some(value => order(value, operand) >= 0),
  $lt: (values, operand) => values.some(value => order(value, operand) < 0),
  $lte: (values, operand) => values.some(value => order(value, operand) <= 0),
}

/** Null also means that there is nothing. */
function isAmong(values: readonly unknown[], wanted: unknown): boolean {
  if (wanted === null || wanted === undefined) return values.length === 0 || values.some(value => value === null || value === undefined)
  if (wanted instanceof RegExp) refuse('Users are not searched by patterns')
  return values.some(value => EJSON.equals(value, wanted))
}

function readList(operator: string, operand: unknown): unknown[] {
  if (!Array.isArray(operand)) refuse(`${operator} takes a list`)
  return operand
}

/** Below, at or above zero as the one comes before, with or after the other; NaN when they are not of one kind. */
function order(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other
  if (one instanceof Date && other instanceof Date) return one.getTime() - other.getTime()
  if (typeof one === 'string' && typeof other === 'string') return one < other ? -1 : Number(one > other)
  return Number.NaN
}

/** An object of operators, rather than a value. */
const isCondition = (value: unknown): value is Fields => isPlain(value) && Object.keys(value).some(name => name.startsWith('$'))
