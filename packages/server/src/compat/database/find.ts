import type { Identifier } from '../../core/identity/user.ts'
import { hasName } from './claims.ts'
import { notesOf } from './joined.ts'
import type { Joined } from './joined.ts'
import type { KeptUser } from './shapes.ts'
import { providerOf } from './accounts.ts'

/**
 * Whom a name leads to. The adapter is asked first. Where it compares letter by letter and the name was typed another way, a mirror may know whose it
 * is; the adapter still has the last word on whether they have it.
 */
export async function findKept(joined: Joined, identifier: Identifier): Promise<KeptUser | null> {
  return (await askAdapter(joined, identifier)) ?? (await askMirror(joined, identifier))
}

async function askAdapter({ adapter }: Joined, { kind, key, typed }: Identifier): Promise<KeptUser | null> {
  if (kind === 'id') return adapter.byId(key)
  if (kind === 'email') return adapter.byEmail(key)
  if (kind === 'username') return adapter.byUsername(key, typed)
  return adapter.byAccount(providerOf(kind) ?? '', key)
}

async function askMirror({ adapter, store }: Joined, identifier: Identifier): Promise<KeptUser | null> {
  if (identifier.kind === 'id') return null
  const mirror = await store.users.find(identifier)
  if (!mirror || notesOf(mirror).claimedAt !== undefined) return null
  const kept = await adapter.byId(mirror.id)
  return kept && stillHas(kept, identifier) ? kept : null
}

/** An adapter keeps one account of each provider; of several that were linked here it vouches for all or none. */
function stillHas(kept: KeptUser, identifier: Identifier): boolean {
  const provider = providerOf(identifier.kind)
  return provider === undefined ? hasName(kept, identifier) : kept.accounts.has(provider)
}
