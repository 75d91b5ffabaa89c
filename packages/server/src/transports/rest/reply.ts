/** Answers: the headers each of them carries, and what an error looks like on this wire. */
import { ERRORS, isAccountsError } from '@latchkey/common'
import type { AccountsError, ErrorBody } from '@latchkey/common'
import type { RestReply } from './call.ts'

/** Makes answers with the headers that stand on every one of them, put together once. */
export class Replies {
  readonly #common: readonly string[]
  readonly #withoutType: readonly string[]
  readonly #withoutCache: readonly string[]
  /** Complete header lists by length of the body: answers of one length share theirs. */
  readonly #byLength: (readonly string[] | undefined)[] = []

  constructor(headers: Readonly<Record<string, string>>) {
    const entries = Object.entries({ ...COMMON, ...headers })
    this.#common = entries.flat()
    this.#withoutCache = entries.filter(([name]) => name !== 'cache-control').flat()
    this.#withoutType = entries.filter(([name]) => name !== 'content-type').flat()
  }

  /** An answer whose body is already JSON text. */
  text(status: number, body: string, more: readonly string[] = NONE): RestReply {
    const headers = this.#headersFor(Buffer.byteLength(body))
    return { status, headers: more.length === 0 ? headers : [...headers, ...more], body }
  }

  json(status: number, value: unknown, more?: readonly string[]): RestReply {
    return this.text(status, JSON.stringify(value), more)
  }

  /** An answer that is the same for everybody, and that caches may keep so many seconds. */
  cached(seconds: number, value: unknown, more: readonly string[] = NONE): RestReply {
    const body = JSON.stringify(value)
    const control = ['cache-control', `public, max-age=${seconds}`]
    return { status: 200, headers: [...this.#withoutCache, ...control, 'content-length', String(Buffer.byteLength(body)), ...more], body }
  }

  /** 204: no body, and so no type or length of one (RFC 9110, 8.6). */
  empty(more: readonly string[]): RestReply {
    return { status: 204, headers: [...this.#withoutType, ...more], body: '' }
  }

  refusal({ status, body, retryAfter }: Refusal, more: readonly string[] = NONE): RestReply {
    return this.json(status, body, retryAfter === undefined ? more : ['retry-after', String(retryAfter), ...more])
  }

  #headersFor(length: number): readonly string[] {
    if (length >= SHARED_LENGTHS) return [...this.#common, 'content-length', String(length)]
    return (this.#byLength[length] ??= Object.freeze([...this.#common, 'content-length', String(length)]))
  }
}

const COMMON: Readonly<Record<string, string>> = {
  'content-type': 'application/json; charset=utf-8',
  // ASVS 14.3.2: nothing of an account may stay in a cache.
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  vary: 'Origin',
}

const NONE: readonly string[] = Object.freeze([])
const SHARED_LENGTHS = 4096

/** An error as it leaves. */
export interface Refusal {
  status: number
  body: ErrorBody
  /** Whole seconds. */
  retryAfter?: number
}

/** True for an error that was thrown on purpose and for the caller to read; any other is a failure of ours. */
export const isRefusal = (error: unknown): error is AccountsError => isAccountsError(error) && ERRORS[error.code].status !== 500

/** The error in accounts-js's shape. */
export function refusalOf(error: AccountsError): Refusal {
  const { status } = ERRORS[error.code]
  return {
    status,
    body: { message: error.message, ...codeOf(error), ...(error.details === undefined ? {} : { details: error.details }) },
    ...(error.retryAfter === undefined ? {} : { retryAfter: Math.max(1, Math.ceil(error.retryAfter)) }),
  }
}

/** accounts-js sends no code with "Unauthorized", and none with an app's own error that has none. */
function codeOf({ code, appCode }: AccountsError): Pick<ErrorBody, 'code'> {
  if (code === 'AppError') return appCode === undefined ? {} : { code: appCode }
  return code === 'Unauthorized' ? {} : { code }
}

/** What a visitor learns of a failure that is ours. */
export const INTERNAL: Refusal = { status: 500, body: { message: ERRORS.InternalError.message, code: 'InternalError' } }
