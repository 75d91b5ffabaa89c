/** Copies and comparisons of the values EJSON carries. */
import { fromJSONValue, toJSONValue } from './ejson.ts'
import { isCustom } from './ejson-types.ts'
import { hexOf } from './object-id.ts'

/** A copy that shares nothing with the value. Instances of classes EJSON does not know become plain objects. @throws EJSONError for what it does not carry */
export function clone<T>(value: T): T
export function clone(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(one => clone<unknown>(one))
  if (isPlain(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, clone<unknown>(one)]))
  if (copiesItself(value)) return value.clone()
  return fromJSONValue(toJSONValue(value))
}

/** True when both are the same value, by content. The order of members counts only with `keyOrderSensitive`. NaN is NaN. */
export function equals(one: unknown, other: unknown, options: { keyOrderSensitive?: boolean } = {}): boolean {
  if (Object.is(one, other) || one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  return equalSpecial(one, other) ?? equalMembers(one, other, options)
}

/** Undefined: neither is special. */
function equalSpecial(one: object, other: object): boolean | undefined {
  if (one instanceof Date || other instanceof Date) {
    return one instanceof Date && other instanceof Date && Object.is(one.getTime(), other.getTime())
  }
  if (one instanceof Uint8Array || other instanceof Uint8Array) {
    return (
      one instanceof Uint8Array && other instanceof Uint8Array && one.length === other.length && one.every((byte, at) => byte === other[at])
    )
  }
  if (one instanceof RegExp || other instanceof RegExp) {
    return one instanceof RegExp && other instanceof RegExp && one.source === other.source && one.flags === other.flags
  }
  const [hex, otherHex] = [hexOf(one), hexOf(other)]
  if (hex !== undefined || otherHex !== undefined) return hex === otherHex
  if (!isCustom(one) && !isCustom(other)) return undefined
  if (!isCustom(one) || !isCustom(other) || one.typeName() !== other.typeName()) return false
  return one.equals ? one.equals(other) : equals(one.toJSONValue(), other.toJSONValue())
}

function equalMembers(one: object, other: object, options: { keyOrderSensitive?: boolean }): boolean {
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const [keys, otherKeys] = [Object.keys(one), Object.keys(other)]
  if (keys.length !== otherKeys.length) return false
  if (options.keyOrderSensitive && keys.some((key, at) => key !== otherKeys[at])) return false
  const [members, others] = [one as Record<string, unknown>, other as Record<string, unknown>]
  return keys.every(key => Object.hasOwn(others, key) && equals(members[key], others[key], options))
}

const copiesItself = (value: object): value is { clone(): unknown } => 'clone' in value && typeof value.clone === 'function'

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
