import { MeteorError } from '@latchkey/common/meteor'
import type { MethodHandler, MethodInvocation } from '../../transports/ddp/types.ts'
import { isPlain } from './paths.ts'
import { idIn } from './selector.ts'
import type { UsersCollection } from './users-collection.ts'

/** Operators that clients may use. */
const ALLOWED: ReadonlySet<string> = new Set([
  '$inc',
  '$set',
  '$unset',
  '$addToSet',
  '$pop',
  '$pullAll',
  '$pull',
  '$pushAll',
  '$push',
  '$bit',
])

/** The methods by which Meteor's clients change users: `/users/update` and its like, within the rules of `allow` and `deny`. */
export function usersMethods(users: UsersCollection): Record<string, MethodHandler> {
  const name = `/${users._name}`
  const update: MethodHandler = function (...params) {
    return updateFor(users, this, params)
  }
  const remove: MethodHandler = function (...params) {
    return removeFor(users, this, params)
  }
  const insert: MethodHandler = function (...params) {
    return insertFor(users, this, params)
  }
  return {
    [`${name}/update`]: update,
    [`${name}/updateAsync`]: update,
    [`${name}/remove`]: remove,
    [`${name}/removeAsync`]: remove,
    [`${name}/insert`]: insert,
    [`${name}/insertAsync`]: insert,
  }
}

type Caller = Pick<MethodInvocation, 'userId'>

async function updateFor(users: UsersCollection, { userId }: Caller, [selector, modifier, options]: readonly unknown[]): Promise<number> {
  const id = onlyId(selector, 'update')
  if (isPlain(options) && options.upsert) refuse('Access denied. Upserts not allowed in a restricted collection.')
  if (!isPlain(modifier)) throw new MeteorError(400, 'Match failed')
  const operators = Object.keys(modifier)
  if (operators.length === 0 || operators.some(operator => !operator.startsWith('$'))) {
    refuse(
      "Access denied. In a restricted collection you can only update documents, not replace them. Use a Mongo update operator, such as '$set'.",
    )
  }
  for (const operator of operators)
    if (!ALLOWED.has(operator)) refuse(`Access denied. Operator ${operator} not allowed in a restricted collection.`)
  const user = await users.findOneAsync(id)
  if (!user) return 0
  await users._changeIsAllowed(userId, user, modifier)
  return users._updateForClient(id, modifier)
}

async function removeFor(users: UsersCollection, { userId }: Caller, [selector]: readonly unknown[]): Promise<number> {
  const id = onlyId(selector, 'remove')
  const user = await users.findOneAsync(id)
  if (user) await users._rules.judge('remove', rule => rule(userId, user))
  // Nobody learns from the answer which ids are taken.
  else await users._rules.judge('remove', () => false)
  return users.removeAsync(id)
}

async function insertFor(users: UsersCollection, { userId }: Caller, [document]: readonly unknown[]): Promise<unknown> {
  if (!isPlain(document)) throw new MeteorError(400, 'Match failed')
  const user = { ...document, _id: typeof document._id === 'string' ? document._id : '' }
  await users._rules.judge('insert', rule => rule(userId, user))
  return users.insertAsync(document)
}

/** Clients name one user by the id, so that they cannot find out by changing what they may not read. */
function onlyId(selector: unknown, deed: 'update' | 'remove'): string {
  const id = idIn(selector)
  if (id === undefined) refuse(`Not permitted. Untrusted code may only ${deed} documents by ID.`)
  return id
}

function refuse(reason: string): never {
  throw new MeteorError(403, reason)
}
