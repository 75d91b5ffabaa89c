/** The name spaces of one database, each opened as a store of its own. */
import { AccountsError } from '@latchkey/common'
import type { Store } from './store.ts'

/** The name of a collection of users: letters, digits, `_`, `-` and `.`, at most 64. @throws AccountsError `InvalidSettings` */
export function readCollection(given: string = 'users'): string {
  if (typeof given === 'string' && /^[\w.-]{1,64}$/.test(given)) return given
  throw new AccountsError('InvalidSettings', { message: 'collection may have letters, digits, "_", "-" and ".", at most 64 of them' })
}

/** The store of one collection, from which those of all others are reached: each is made once, however often it is asked for. */
export function byCollection<S extends Store>(name: string, open: (collection: string) => S): S {
  const stores = new Map<string, S>()
  const inCollection = (given: string): S => {
    const collection = readCollection(given)
    const kept = stores.get(collection)
    if (kept) return kept
    const made = { ...open(collection), inCollection }
    stores.set(collection, made)
    return made
  }
  return inCollection(name)
}
