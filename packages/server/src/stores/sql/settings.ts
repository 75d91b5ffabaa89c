/** Options that both SQL stores read. */
import { AccountsError } from '@latchkey/common'
import { refuseUnknown } from '../../core/settings-kinds.ts'

/** What both SQL stores can be told. */
export interface SqlStoreOptions {
  /**
   * A name space for users: two apps, or Meteor's several collections of users, share one database and never meet. Letters, digits, `_`, `-`
   * and `.`, at most 64.
   * @default 'users'
   */
  collection?: string
  /** Bring the schema up to date when the store opens. With `false`, opening only checks it, and refuses one that is not up to date. @default true */
  migrate?: boolean
}

/**
 * Refuses what is no object, and options that do not exist.
 * @throws AccountsError `InvalidSettings`, naming the option
 */
export function checkOptions(store: string, given: object | undefined, known: readonly string[]): void {
  // Nobody who writes TypeScript gets here.
  if (typeof given !== 'object') refuse(`${store} needs an object of options: ${known.join(', ')}`)
  refuseUnknown(store, given, known)
}

/** A schema or a table prefix: it becomes part of names, which PostgreSQL cuts at 63 characters. */
export function readName(option: string, given: string): string {
  if (!/^[a-z_]\w{0,30}$/i.test(given)) refuse(`${option} may have letters, digits and "_", at most 31 of them, and begins with no digit`)
  return given
}

export function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}
