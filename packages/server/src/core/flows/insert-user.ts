import type { Core } from '../core.ts'
import type { NewUser, User } from '../identity/user.ts'
import { newId } from '../session/secret.ts'
import type { Along, Insertion } from '../store.ts'

/** A user to be and what is written with them, under the id that is handed in. Asked twice where the database makes the id. */
export type UserToBe = (id: string) => { newUser: NewUser; along: Along }

/** Inserts a new user under an id of ours, or of the database's where it makes them. Every flow that creates a user does it here. */
export async function insertNew(
  core: Pick<Core, 'chance' | 'store'>,
  userToBe: UserToBe,
): Promise<{ inserted: true; user: User } | Extract<Insertion, { inserted: false }>> {
  const { users } = core.store
  const offered = userToBe(newId(core.chance))
  const prepared = await users.prepare?.(offered.newUser)
  if (prepared && 'taken' in prepared) return { inserted: false, taken: prepared.taken }
  const { newUser, along } = prepared ? userToBe(prepared.id) : offered
  const outcome = await users.insert(newUser, along)
  return outcome.inserted ? { inserted: true, user: newUser.user } : outcome
}
