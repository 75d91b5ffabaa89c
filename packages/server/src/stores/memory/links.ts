import type { UserStore } from '../../core/store.ts'
import { copy, identifierKey } from './data.ts'
import type { MemoryData } from './data.ts'
import { swapIdentifier } from './users.ts'

/** Accounts elsewhere that sign in to accounts here. */
export function linkDeeds(data: MemoryData): Pick<UserStore, 'link' | 'unlink'> {
  return {
    link: (given, judge, along) =>
      data.deed(() => {
        const [account, ride] = [copy(given), data.prepare(along)]
        const { userId, kind, id } = account
        const row = data.users.get(userId)
        if (!row) return 'gone'
        if (!judge(copy(row.credentials))) return 'refused'
        const owner = data.identifiers.get(identifierKey(kind, id))
        if (owner !== undefined && owner !== userId) return 'taken'
        swapIdentifier(data, row, kind, owner === undefined ? undefined : id, id)
        row.credentials = [...row.credentials.filter(kept => kept.kind !== kind || kept.id !== id), account]
        ride()
        return 'linked'
      }),

    unlink: (userId, kind, judge, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        const row = data.users.get(userId)
        const left = row?.credentials.filter(kept => kept.kind !== kind) ?? []
        if (!row || left.length === row.credentials.length) return 'missing'
        if (!judge(copy(left))) return 'refused'
        row.credentials = left
        for (const { key } of row.identifiers.filter(identifier => identifier.kind === kind))
          swapIdentifier(data, row, kind, key, undefined)
        ride()
        return 'unlinked'
      }),
  }
}
