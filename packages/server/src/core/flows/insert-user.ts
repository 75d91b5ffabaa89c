import type { Core } from '../core.ts'
import type { NewUser, User } from '../identity/user.ts'
import type { Along, Insertion } from '../store.ts'
import type { JudgedUser } from './judge-new-user.ts'

/** The rows of a user to be, and what is written with them. Asked twice where the database makes the id. */
export type RowsOf = (user: JudgedUser) => { newUser: NewUser; along: Along }

/** Inserts a user about whom the app was asked, under an id of the database's where it makes them. Every flow that creates a user does it here. */
export async function insertNew(
  core: Pick<Core, 'store'>,
  judged: JudgedUser,
  rowsOf: RowsOf,
): Promise<{ inserted: true; user: User } | Extract<Insertion, { inserted: false }>> {
  const { users } = core.store
  const offered = rowsOf(judged)
  const prepared = await users.prepare?.(offered.newUser)
  if (prepared && 'taken' in prepared) return { inserted: false, taken: prepared.taken }
  const { newUser, along } = prepared ? rowsOf({ ...judged, id: prepared.id }) : offered
  const outcome = await users.insert(newUser, along)
  return outcome.inserted ? { inserted: true, user: newUser.user } : outcome
}
