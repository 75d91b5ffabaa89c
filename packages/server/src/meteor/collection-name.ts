import { MeteorError } from '@latchkey/common/meteor'

/** Meteor's name of it. */
const DEFAULT = 'users'

/**
 * The name of a collection that is given by it, or as an object that has one: Meteor's `Mongo.Collection`, or the driver's.
 * @throws MeteorError for anything else
 */
export function collectionName(given: unknown): string {
  if (given === undefined || given === null) return DEFAULT
  const name: unknown = typeof given === 'object' ? nameOf(given) : given
  if (typeof name === 'string' && name !== '') return name
  throw new MeteorError('Collection parameter can be only of type string or "Mongo.Collection"')
}

function nameOf(collection: object): unknown {
  for (const member of ['_name', 'collectionName', 'name']) {
    const name: unknown = Reflect.get(collection, member)
    if (typeof name === 'string') return name
  }
  return undefined
}
