import { EJSON, MeteorError } from '@latchkey/common/ddp'

/** A message as it arrived: nothing but its name has been looked at. */
export interface RawMessage {
  readonly msg: string
  readonly [member: string]: unknown
}

/** Undefined for what is no message: some servers begin with a greeting of their own. */
export function readMessage(frame: string): RawMessage | undefined {
  try {
    const message: unknown = JSON.parse(frame)
    if (typeof message === 'object' && message !== null && 'msg' in message && typeof message.msg === 'string') return message as RawMessage
  } catch {
    // Not JSON
  }
  return undefined
}

/** The text that is there, or none. */
export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The texts of a list, and nothing else that may be in it. */
export const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.filter(one => typeof one === 'string') : [])

/**
 * The fields of a document, each one decoded.
 * @throws EJSONError when one is not well-formed
 */
export function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return {}
  // A copy made by assignment somewhere in the app would change what it inherits from
  const fields = Object.entries(value).filter(([name]) => name !== '__proto__')
  return Object.fromEntries(fields.map(([name, field]) => [name, EJSON.fromJSONValue(field)]))
}

/** An error that was sent, whatever its form. */
export function errorOf(value: unknown): MeteorError {
  const { error, reason, details } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const code = typeof error === 'string' || typeof error === 'number' ? error : 500
  return new MeteorError(code, textOf(reason), details)
}
