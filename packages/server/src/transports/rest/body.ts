/** Bytes from outside become a plain object, or a refusal that names what is wrong with them. */
import { AccountsError } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import * as v from 'valibot'
import { headerOf } from '../../wire/request.ts'
import type { RestCall } from './call.ts'

/** A body that was parsed and looked through, but not yet matched with a schema. */
export type Json = Record<string, unknown>

// Far beyond any honest request; what they keep out is input that is cheap to send and dear to work on.
const MAX_DEPTH = 20
const MAX_VALUES = 10_000

/**
 * Reads the body of a call. No body at all is an empty object, as accounts-js's clients send one now and then.
 * @throws AccountsError `PayloadTooLarge`, `UnsupportedMediaType`, `InvalidInput`
 */
export async function readBody(call: RestCall, limit: number): Promise<Json> {
  const declared = Number(headerOf(call, 'content-length') ?? 0)
  if (declared > limit) throw new AccountsError('PayloadTooLarge')
  const bytes = await call.body(limit)
  if (bytes.length === 0) return {}
  if (bytes.length > limit) throw new AccountsError('PayloadTooLarge')
  if (!isJson(call)) throw new AccountsError('UnsupportedMediaType')
  const parsed = parseJson(bytes)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw invalid('body', 'must be a JSON object')
  refuseHostile(parsed, '', 0, { values: 0 })
  // An object that is no array, made by JSON.parse.
  return parsed as Json
}

/**
 * What the schema makes of a body.
 * @param codes the code for each field; fields that are not named here are `InvalidInput`
 * @throws AccountsError with `details.field`
 */
export function validate<T>(schema: v.GenericSchema<unknown, T>, body: Json, codes: Readonly<Record<string, ErrorCode>>): T {
  const result = v.safeParse(schema, body, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const field = v.getDotPath(issue) ?? 'body'
  const code = codes[field] ?? 'InvalidInput'
  throw code === 'InvalidInput' ? invalid(field, complaint(issue)) : new AccountsError(code, { details: { field } })
}

/** Says what kind of thing is wanted and never repeats the thing: answers reach logs, and logs reach strangers. */
function complaint(issue: v.BaseIssue<unknown>): string {
  if (issue.input === undefined) return 'is missing'
  return issue.kind === 'schema' ? `must be of type ${issue.expected ?? issue.type}` : 'has a wrong length or form'
}

const invalid = (field: string, problem: string): AccountsError =>
  new AccountsError('InvalidInput', { message: `"${field}" ${problem}`, details: { field } })

function isJson(call: RestCall): boolean {
  // An encoded body would be a second, hidden body: none of our clients sends one.
  if ((headerOf(call, 'content-encoding') ?? 'identity').toLowerCase() !== 'identity') return false
  const [type = '', ...parameters] = (headerOf(call, 'content-type') ?? '').toLowerCase().split(';')
  const charset = parameters.map(parameter => parameter.trim()).find(parameter => parameter.startsWith('charset='))
  return type.trim() === 'application/json' && (charset === undefined || /^charset="?utf-?8"?$/.test(charset))
}

/** RFC 8259, 8.1: JSON between systems is UTF-8. Anything else is refused rather than guessed at. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes))
  } catch {
    throw invalid('body', 'is not valid JSON in UTF-8')
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** Names with a meaning to JavaScript itself. No field of ours is called so, and none may reach an object that is copied further on. */
const RESERVED_NAMES = new Set(['__proto__', 'constructor', 'prototype'])

/** Walks the whole body once. Depth is bounded before it is walked, so this cannot overflow. */
function refuseHostile(value: unknown, field: string, depth: number, seen: { values: number }): void {
  seen.values += 1
  if (seen.values > MAX_VALUES) throw invalid('body', 'has too many values')
  if (typeof value === 'string') return refuseUnstorable(value, field)
  if (typeof value !== 'object' || value === null) return
  if (depth === MAX_DEPTH) throw invalid(field, 'is nested too deeply')
  for (const key of Object.keys(value)) {
    const inner = field === '' ? shorten(key) : shorten(`${field}.${key}`)
    if (RESERVED_NAMES.has(key)) throw invalid(inner, 'is a name that cannot be used')
    refuseUnstorable(key, inner)
    // `key` is one of its own.
    refuseHostile((value as Json)[key], inner, depth + 1, seen)
  }
}

/** NUL cannot be stored by PostgreSQL, half a surrogate pair cannot be encoded at all, and neither is typed by anybody. */
function refuseUnstorable(text: string, field: string): void {
  if (text.includes('\0') || LONE_SURROGATE.test(text)) throw invalid(field, 'contains characters that are not text')
}

const LONE_SURROGATE = /\p{Surrogate}/u

/** A field's name as it may be repeated in an answer. */
const shorten = (name: string): string => name.replace(/[^\w.-]/g, '?').slice(0, 100)
