/** `@latchkey/common/ddp`: what both ends of a DDP socket must agree on. */
import { EJSONError, fromJSONValue, parse, stringify, toJSONValue } from './ejson.ts'
import { addType } from './ejson-types.ts'
import { clone, equals } from './ejson-values.ts'

/**
 * JSON that also carries dates, bytes, patterns, infinities and types of the app's own.
 * @example
 * import { EJSON } from '@latchkey/common/ddp'
 * const text = EJSON.stringify({ at: new Date(0) })
 * console.log(text) // {"at":{"$date":0}}
 * console.log(EJSON.parse(text)) // { at: 1970-01-01T00:00:00.000Z }
 */
export const EJSON: Ejson = {
  parse,
  stringify,
  toJSONValue,
  fromJSONValue,
  clone,
  equals,
  addType,
  newBinary: length => new Uint8Array(length),
  isBinary: value => value instanceof Uint8Array,
}

/** The functions of {@link EJSON}. */
export interface Ejson {
  parse: typeof parse
  stringify: typeof stringify
  toJSONValue: typeof toJSONValue
  fromJSONValue: typeof fromJSONValue
  clone: typeof clone
  equals: typeof equals
  addType: typeof addType
  /** So many bytes, all zero. */
  newBinary(length: number): Uint8Array
  isBinary(value: unknown): value is Uint8Array
}

export { EJSONError }
export type { CustomType, TypeFactory } from './ejson-types.ts'
export { idParse, idStringify } from './ids.ts'
export { ObjectID } from './object-id.ts'
export * from './messages.ts'
export { isMeteorError, MeteorError } from '../meteor/meteor-error.ts'
export type { MeteorErrorFields } from '../meteor/meteor-error.ts'
