/** `@latchkey/common/ddp`: what both ends of a DDP socket must agree on. */
/**
 * JSON that also carries dates, bytes, patterns, infinities and types of the app's own.
 * @example
 * import { EJSON } from '@latchkey/common/ddp'
 * const text = EJSON.stringify({ at: new Date(0) })
 * console.log(text) // {"at":{"$date":0}}
 * console.log(EJSON.parse(text)) // { at: 1970-01-01T00:00:00.000Z }
 */
export * as EJSON from './ejson-functions.ts'
export { EJSONError } from './ejson.ts'
export type { CustomType, TypeFactory } from './ejson-types.ts'
export { idParse, idStringify } from './ids.ts'
export { ObjectID } from './object-id.ts'
export * from './messages.ts'
export { isMeteorError, MeteorError } from '../meteor/meteor-error.ts'
export type { MeteorErrorFields } from '../meteor/meteor-error.ts'
