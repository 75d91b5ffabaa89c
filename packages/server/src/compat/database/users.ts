/** Users, kept in the app's adapter and mirrored in our store. */
import { AccountsError } from '@latchkey/common'
import type { LoginCandidate, LoginLookup, UserStore } from '../../core/store.ts'
import { isDuplicate } from './adapter.ts'
import { deliver } from './along.ts'
import { release } from './claims.ts'
import { findKept } from './find.ts'
import { Insertions } from './insert.ts'
import { notesOf } from './joined.ts'
import type { Joined, MirrorNotes } from './joined.ts'
import { know, knowById } from './mirror.ts'
import { noting } from './notes.ts'

type Deeds = Pick<
  UserStore,
  | 'prepare'
  | 'insert'
  | 'insertMany'
  | 'find'
  | 'beginLogin'
  | 'setUsername'
  | 'setCustom'
  | 'changeCustom'
  | 'setDeactivated'
  | 'remove'
  | 'list'
  | 'count'
>

/** Users themselves: their coming and going, their names and fields. */
export function databaseUsers(joined: Joined): Deeds {
  const { adapter, store } = joined
  const insertions = new Insertions(joined)
  return {
    prepare: user => insertions.prepare(user),
    insert: (user, along) => insertions.insert(user, along),
    async insertMany(users) {
      const outcomes = []
      for (const user of users) outcomes.push(await insertions.insert(user))
      return outcomes
    },

    async find(identifier) {
      const kept = await findKept(joined, identifier)
      const known = kept && (await know(joined, kept))
      return known && known.user
    },

    beginLogin: lookup => beginLogin(joined, lookup),

    async setUsername(userId, username, key, now, along) {
      const known = await knowById(joined, userId)
      if (!known) return 'gone'
      const name = { kind: 'username', key, typed: username } as const
      const owner = await findKept(joined, name)
      if (owner && owner.id !== userId) return 'taken'
      const set = (): Promise<'set' | 'taken' | 'gone'> => store.users.setUsername(userId, username, key, now)
      return noting(joined, userId, [name], async () => {
        let outcome = await set()
        if (outcome === 'taken' && (await release(joined, name))) outcome = await set()
        if (outcome !== 'set') return outcome
        try {
          await adapter.setUsername(userId, username)
        } catch (error) {
          // The mirror is put right by the next read.
          if (isDuplicate(error)) return 'taken'
          throw error
        }
        await deliver(store, along)
        return 'set'
      })
    },

    async setCustom(userId, custom, now) {
      const known = await knowById(joined, userId)
      return known !== null && store.users.setCustom(userId, { ...notesOf(known.seen.mirror), own: custom }, now)
    },

    async changeCustom(userId, change, now) {
      const known = await knowById(joined, userId)
      if (!known) return false
      // From then on they are ours, so that the adapter, which has no such deed, loses nothing.
      const own = ({ own: kept, given }: MirrorNotes): Record<string, unknown> => kept ?? { ...given, ...known.kept.custom }
      return store.users.changeCustom(userId, notes => ({ ...notes, own: change(structuredClone(own(notes))) }), now)
    },

    async setDeactivated(userId, deactivated, now, along) {
      if (!(await knowById(joined, userId))) return false
      // There first: a read in between ends the sessions too.
      await adapter.setDeactivated(userId, deactivated)
      return store.users.setDeactivated(userId, deactivated, now, along)
    },

    async remove(userId, now, along) {
      if (!joined.removeUser)
        throw new AccountsError('InvalidSettings', {
          message: "accounts-js's database adapters cannot delete users: give accountsJsDatabase a removeUser",
        })
      // There first: without that a user of theirs would come back without their second factor.
      if (await adapter.byId(userId)) await joined.removeUser(userId)
      return store.users.remove(userId, now, along)
    },

    async list(page) {
      const users = await Promise.all((await store.users.list(page)).map(async ({ id }) => (await knowById(joined, id))?.user))
      return users.filter(user => user !== undefined)
    },
    count: () => store.users.count(),
  }
}

/** Nobody's id. */
const NOBODY = { kind: 'id', key: '' } as const

async function beginLogin(joined: Joined, lookup: LoginLookup): Promise<LoginCandidate> {
  const { adapter, store } = joined
  const { identifier } = lookup
  const kept = identifier && (await findKept(joined, identifier))
  // By id, whatever named them: an adapter that answers a name with less than all it has would answer it without the second factor.
  const known = kept && (await knowById(joined, kept.id))
  // The same questions for a name that nobody has, so that an answer takes as long.
  if (!known) await Promise.all([adapter.ping(), adapter.ping(), store.users.find(NOBODY), store.users.credentials(NOBODY.key)])
  const candidate = await store.users.beginLogin({ ...lookup, identifier: known ? { kind: 'id', key: known.user.id } : NOBODY })
  if (!known || !candidate.user) return { ...candidate, user: null, credentials: [], deviceSeen: false }
  const { epoch, deactivatedAt } = candidate.user
  return {
    ...candidate,
    user: { ...known.user, epoch, ...(deactivatedAt === undefined ? {} : { deactivatedAt }) },
    credentials: known.credentials,
  }
}
