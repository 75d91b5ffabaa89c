/**
 * One store made of two: users in one database, sessions in another, as accounts-js allowed.
 *
 * No transaction spans the two, so deeds that cross them are ordered such that a crash in between fails safe:
 *
 * - What kills sessions (password change, deactivation, removal, "sign out everywhere") goes: what the user impersonates, then the users' half
 *   with the epoch, then the sessions' half. Once the epoch is up, every session of before is over, whether or not its row was reached, and
 *   so is one that a login opens late. The epoch does not reach into the accounts of others, which is why impersonated sessions come first.
 * - A mail about a sign-in is put in the outbox before the session opens: rather a warning too many than one too few. Other mail follows
 *   its deed, which may still say no.
 * - A login looks again for its user once the session is open, so that one that raced with their removal leaves nothing behind.
 * - A login counts its attempt whatever comes of the look-up.
 *
 * Audit lines ride with their deed, in the database of that deed. A deed that fails half-way can be done again.
 */
import { AccountsError } from '@latchkey/common'
import type { Store } from '../../core/store.ts'
import { splitAttempts } from './attempts.ts'
import { splitAudit } from './audit.ts'
import { joinBuses } from './bus.ts'
import type { Parts, SessionsPart, UsersPart } from './parts.ts'
import { splitSessions } from './sessions.ts'
import { splitUsers } from './users.ts'

export type { SessionsPart, UsersPart } from './parts.ts'

/**
 * Joins two stores: users, one-time tokens, waiting mail and configurations of services are kept in `users`, sessions and attempts in `sessions`. It has a bus when both parts
 * have one. Opening it opens both.
 * @throws AccountsError `InvalidSettings` when a store cannot be such a part
 * @example
 * import { memoryStore } from '@latchkey/server/stores/memory'
 * import { splitStore } from '@latchkey/server/stores/split'
 * const store = splitStore({ users: memoryStore(), sessions: memoryStore() })
 * console.log(store.name) // memory + memory
 */
export function splitStore({ users, sessions }: { users: UsersPart; sessions: SessionsPart }): Store {
  const parts = partsOf(users, sessions)
  const bus = joinBuses(users.bus, sessions.bus)
  const others = collectionsOf(users, sessions)
  return {
    name: `${users.name} + ${sessions.name}`,
    async open() {
      await users.open()
      await sessions.open()
    },
    close: () => bothDone(users.close(), sessions.close()),
    ping: () => bothDone(users.ping(), sessions.ping()),
    users: splitUsers(parts),
    sessions: splitSessions(parts),
    tokens: users.tokens,
    attempts: splitAttempts(parts),
    outbox: users.outbox,
    audit: splitAudit(users.audit, sessions.audit),
    services: users.services,
    ...(bus ? { bus } : {}),
    ...(others ? { inCollection: others } : {}),
  }
}

/** A name space is one in both parts. */
function collectionsOf(users: UsersPart, sessions: SessionsPart): Store['inCollection'] {
  if (!users.inCollection || !sessions.inCollection) return undefined
  const made = new Map<string, Store>()
  return name => {
    const known = made.get(name)
    if (known) return known
    // Both are asked, so neither is missing.
    const joined = splitStore({ users: users.inCollection?.(name) ?? users, sessions: sessions.inCollection?.(name) ?? sessions })
    made.set(name, joined)
    return joined
  }
}

function partsOf(users: UsersPart, sessions: SessionsPart): Parts {
  const { usersAlone } = users
  const { sessionsAlone } = sessions
  if (!usersAlone) throw new AccountsError('InvalidSettings', { message: `The store ${users.name} cannot keep users apart from sessions` })
  if (!sessionsAlone)
    throw new AccountsError('InvalidSettings', { message: `The store ${sessions.name} cannot keep sessions apart from users` })
  return { users, sessions, usersAlone, sessionsAlone }
}

/** Waits for both, also when one fails, so that nothing is still under way afterwards. */
async function bothDone(...works: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find(outcome => outcome.status === 'rejected')
  if (failed) throw failed.reason
}
