/** The functions of `EJSON`. A module, so that a page loads only those it uses. */
export { fromJSONValue, parse, stringify, toJSONValue } from './ejson.ts'
export { addType } from './ejson-types.ts'
export { clone, equals } from './ejson-values.ts'

/** So many bytes, all zero. */
export const newBinary = (length: number): Uint8Array => new Uint8Array(length)

/** True for bytes. */
export const isBinary = (value: unknown): value is Uint8Array => value instanceof Uint8Array
