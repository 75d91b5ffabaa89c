import { AccountsError } from '@latchkey/common'
import { EJSON } from '@latchkey/common/ddp'
import type { Face } from '../settings.ts'

/** Mongo's limit too, and less than EJSON carries: a user can then be sent inside of something, such as a list of users. */
const DEEPEST = 100

/**
 * The app's own fields as they are kept: on Meteor's face as its EJSON, so that dates and binary data survive a store that keeps JSON.
 * @throws AccountsError `InvalidInput` on that face for fields that are nested too deeply
 */
export function keptCustom(face: Face, custom: Record<string, unknown>): Record<string, unknown> {
  if (face !== 'meteor') return custom
  if (isDeeper(custom, DEEPEST)) throw new AccountsError('InvalidInput', { message: 'The fields of a user are not nested so deeply' })
  // EJSON keeps a plain object one.
  return EJSON.toJSONValue(withoutUndefined(custom)) as Record<string, unknown>
}

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !ArrayBuffer.isView(value) &&
  (levels === 0 || Object.values(value).some(inner => isDeeper(inner, levels - 1)))

/** The app's own fields as the app had them: the inverse of {@link keptCustom}. */
export function liveCustom(face: Face, kept: Record<string, unknown>): Record<string, unknown> {
  // As above.
  return face === 'meteor' ? (EJSON.fromJSONValue(kept) as Record<string, unknown>) : kept
}

const withoutUndefined = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
