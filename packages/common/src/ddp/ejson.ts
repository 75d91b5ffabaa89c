/**
 * EJSON: JSON that also carries dates, bytes, patterns, numbers JSON has not, and types of the app's own. What arrives may be anything: whatever is not
 * well-formed is refused with an {@link EJSONError}, and nothing of it is ever evaluated.
 */
import { fromBase64, toBase64 } from './base64.ts'
import { factoryOf, isCustom } from './ejson-types.ts'
import { hexOf } from './object-id.ts'

/** A value that EJSON does not carry, or text that is not EJSON. */
export class EJSONError extends TypeError {
  override readonly name = 'EJSONError'
}

/** Deeper than any document a database takes; far above what a stack can bear. */
const DEEPEST = 128

/** The value as plain JSON, sharing nothing with it. Members that are undefined or functions vanish. @throws EJSONError for what cannot be sent. */
export function toJSONValue(value: unknown): unknown {
  return encode(value, 0)
}

/** What plain JSON stands for, sharing nothing with it. @throws EJSONError when it is not well-formed */
export function fromJSONValue(json: unknown): unknown {
  return decode(json, 0)
}

/**
 * As text. `indent` as `JSON.stringify` takes it, or true for two spaces; `canonical` writes members in the order of their names, so that equal values are equal texts.
 * @throws EJSONError for what cannot be sent
 */
export function stringify(value: unknown, options: { indent?: boolean | number | string; canonical?: boolean } = {}): string {
  const indent = options.indent === true ? 2 : options.indent === false ? undefined : options.indent
  const json = encode(value, 0) ?? null
  return JSON.stringify(options.canonical ? inOrder(json) : json, null, indent)
}

/** From text. @throws EJSONError when it is not EJSON */
export function parse(text: string): unknown {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new EJSONError('This is not JSON')
  }
  return decode(json, 0)
}

function inOrder(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map(inOrder)
  const members = Object.entries(json).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(members.map(([name, value]) => [name, inOrder(value)]))
}

function encode(value: unknown, depth: number): unknown {
  if (typeof value === 'object') return value === null ? null : encodeObject(value, depth)
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $InfNaN: Number.isNaN(value) ? 0 : Math.sign(value) }
  if (typeof value === 'bigint') throw new EJSONError('A BigInt cannot be sent')
  return undefined
}

function encodeObject(value: object, depth: number): unknown {
  if (depth > DEEPEST) throw new EJSONError('Nested too deeply, or in a circle')
  if (Array.isArray(value)) return value.map(one => encode(one, depth + 1) ?? null)
  const special = encodeSpecial(value, depth)
  if (special !== undefined) return special
  const plain: Record<string, unknown> = {}
  for (const [key, one] of Object.entries(value)) {
    const json = encode(one, depth + 1)
    if (json !== undefined) put(plain, key, json)
  }
  return looksEncoded(plain) ? { $escape: plain } : plain
}

function encodeSpecial(value: object, depth: number): unknown {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new EJSONError('A Date that is none cannot be sent')
    return { $date: value.getTime() }
  }
  if (value instanceof Uint8Array) return { $binary: toBase64(value) }
  if (value instanceof ArrayBuffer) return { $binary: toBase64(new Uint8Array(value)) }
  if (value instanceof RegExp) return { $regexp: value.source, $flags: value.flags }
  const hex = hexOf(value)
  if (hex !== undefined) return { $type: 'oid', $value: hex }
  if (isCustom(value)) return { $type: value.typeName(), $value: encode(value.toJSONValue(), depth + 1) ?? null }
  if (speaksJson(value)) return encode(value.toJSON(), depth + 1) ?? null
  return undefined
}

const speaksJson = (value: object): value is { toJSON(): unknown } => 'toJSON' in value && typeof value.toJSON === 'function'

function decode(json: unknown, depth: number): unknown {
  if (typeof json === 'number' && !Number.isFinite(json)) throw new EJSONError('A number too large')
  if (typeof json !== 'object' || json === null) return json
  if (depth > DEEPEST) throw new EJSONError('Nested too deeply')
  if (Array.isArray(json)) return json.map(one => decode(one, depth + 1))
  const kind = kindOf(json)
  if (kind === undefined) return decodeMembers(json, depth)
  return DECODERS[kind](json as Record<string, unknown>, depth)
}

function decodeMembers(json: object, depth: number): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const [key, one] of Object.entries(json)) {
    // A copy made by assignment somewhere down the line would change what it inherits from.
    if (key === '__proto__') throw new EJSONError('A member of that name is not taken')
    plain[key] = decode(one, depth + 1)
  }
  return plain
}

type Kind = '$date' | '$binary' | '$InfNaN' | '$regexp' | '$type' | '$escape'

/** Literal objects that look so are wrapped; objects that look so are read. */
function kindOf(json: object): Kind | undefined {
  const [first, second, third] = Object.keys(json)
  if (first === undefined || third !== undefined) return undefined
  if (second === undefined)
    return first === '$date' || first === '$binary' || first === '$InfNaN' || first === '$escape' ? first : undefined
  if (first === '$type' || second === '$type') return first === '$value' || second === '$value' ? '$type' : undefined
  if (first === '$regexp' || second === '$regexp') return first === '$flags' || second === '$flags' ? '$regexp' : undefined
  return undefined
}

const looksEncoded = (json: object): boolean => kindOf(json) !== undefined

/** Milliseconds beyond which there is no date. */
const LAST_DATE = 8.64e15

const DECODERS: Readonly<Record<Kind, (json: Record<string, unknown>, depth: number) => unknown>> = {
  $date({ $date: milliseconds }) {
    if (typeof milliseconds !== 'number' || !(Math.abs(milliseconds) <= LAST_DATE)) throw new EJSONError('This is no date')
    return new Date(milliseconds)
  },
  $binary({ $binary: base64 }) {
    const bytes = typeof base64 === 'string' ? fromBase64(base64) : undefined
    if (!bytes) throw new EJSONError('This is not base64')
    return bytes
  },
  $InfNaN({ $InfNaN: sign }) {
    if (sign !== 0 && sign !== 1 && sign !== -1) throw new EJSONError('This is no number')
    return sign === 0 ? Number.NaN : sign * Number.POSITIVE_INFINITY
  },
  $regexp({ $regexp: source, $flags: flags }) {
    if (typeof source !== 'string' || typeof flags !== 'string') throw new EJSONError('This is no pattern')
    try {
      return new RegExp(source, flags)
    } catch {
      throw new EJSONError('This is no pattern')
    }
  },
  $type({ $type: name, $value: value }, depth) {
    const factory = typeof name === 'string' ? factoryOf(name) : undefined
    if (!factory) throw new EJSONError('A type that nobody registered')
    const inner = decode(value, depth + 1)
    try {
      return factory(inner)
    } catch (error) {
      throw new EJSONError('This is no value of its type', { cause: error })
    }
  },
  $escape({ $escape: inner }, depth) {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) throw new EJSONError('Only an object is escaped')
    return decodeMembers(inner, depth + 1)
  },
}

function put(target: Record<string, unknown>, key: string, value: unknown): void {
  // Written, not assigned: a member `__proto__` would change what the object inherits from.
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  else target[key] = value
}
