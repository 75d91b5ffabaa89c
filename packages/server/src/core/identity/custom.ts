import { EJSON } from '@latchkey/common/ddp'
import type { Face } from '../settings.ts'

/** The app's own fields as they are kept: on Meteor's face as its EJSON, so that dates and binary data survive a store that keeps JSON. */
export function keptCustom(face: Face, custom: Record<string, unknown>): Record<string, unknown> {
  // EJSON keeps a plain object one.
  return face === 'meteor' ? (EJSON.toJSONValue(withoutUndefined(custom)) as Record<string, unknown>) : custom
}

/** The app's own fields as the app had them: the inverse of {@link keptCustom}. */
export function liveCustom(face: Face, kept: Record<string, unknown>): Record<string, unknown> {
  // As above.
  return face === 'meteor' ? (EJSON.fromJSONValue(kept) as Record<string, unknown>) : kept
}

const withoutUndefined = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
