/** A token of the system that was here before, seen for the first time: its session goes on here, if nothing has ended it. */
import { AccountsError } from '@latchkey/common'
import type { Core } from '../core.ts'
import type { User } from '../identity/user.ts'
import type { AccessClaims } from '../session/access-token.ts'
import type { EarlierSession, EarlierToken } from '../session/earlier-token.ts'
import type { SessionAndUser } from '../session/session.ts'
import type { Origin } from '../strategy.ts'
import { changed } from './changed.ts'
import { RECENT } from './confirm.ts'
import { loginMoved } from './login.ts'
import type { MovedSession } from './open-session.ts'

/**
 * Opens the session that a verified token stands for. It ends with the token, is never renewed, and counts as no sign-in: what asks for a fresh one asks here
 * too. From then on it is a session like any other, and once ended it stays ended.
 * @returns null for a token of ours, and for one that has expired
 * @throws AccountsError `SessionNotFound`, `InvalidSession`, `TokenVerificationFailed`, `UserNotFound`
 */
export async function admit(core: Core, { data, sid, exp, earlier }: AccessClaims): Promise<SessionAndUser | null> {
  const { clock, earlierTokens, store } = core
  if (!earlier || !earlierTokens || clock.now() >= exp * 1000) return null
  const kept = await earlierTokens.find(earlier)
  if (!kept) throw new AccountsError('SessionNotFound')
  refuseEnded(kept, earlier)
  const user = await store.users.find({ kind: 'id', key: earlier.userId })
  if (!user) throw new AccountsError('UserNotFound')
  const began = Math.min(kept.createdAt ?? Infinity, earlier.issuedAt * 1000)
  if (user.deactivatedAt !== undefined || (await isEndedHere(core, user, began))) throw over('ended here since')
  const createdAt = Math.min(began, clock.now() - RECENT - 1)
  await open(core, { id: sid, handle: data.token, userId: user.id, createdAt, expiresAt: exp * 1000 }, originOfEarlier(kept), began)
  return store.sessions.find(sid)
}

function refuseEnded({ userId, isLive, isImpersonated }: EarlierSession, earlier: EarlierToken): void {
  if (userId !== earlier.userId) throw new AccountsError('TokenVerificationFailed', { detail: 'the session is of another user' })
  // Its token tells neither who is behind it nor, after a refresh, that anybody is.
  if (isImpersonated) throw new AccountsError('TokenVerificationFailed', { detail: 'somebody acts as the user' })
  if (!isLive) throw over('ended before the switch')
}

/**
 * Whatever ended the user's sessions here, after this one began, ended it too. Most of it raises the epoch, which is 0 for whoever comes here; signing out
 * everywhere else does not, and is found in the audit trail.
 */
async function isEndedHere({ store }: Core, user: User, began: number): Promise<boolean> {
  if (user.epoch > 0) return true
  const page = { userId: user.id, limit: 100 }
  let events = await store.audit.list(page)
  for (;;) {
    const since = events.filter(({ at }) => at >= began)
    if (since.some(({ type }) => type === 'sessions-ended')) return true
    const [newest, oldest] = [since.at(0), since.at(-1)]
    if (!newest || !oldest || since.length < page.limit) return false
    // Lines of one moment may be on two pages: read twice rather than not at all.
    events = await store.audit.list({ ...page, before: oldest.at + (oldest.at < newest.at ? 1 : 0) })
  }
}

/** Looked at again once it is open: of a sign-out at the same moment either saw the session and ended it, or is seen now. */
async function open(core: Core, moved: MovedSession, origin: Origin, began: number): Promise<void> {
  const { clock, earlierTokens, store } = core
  let user: User
  try {
    ;({ user } = await loginMoved(core, moved, origin, earlierTokens?.name ?? ''))
  } catch (error) {
    // Another request was first, and opened the same one.
    if (await store.sessions.find(moved.id)) return
    throw error
  }
  if (!(await isEndedHere(core, user, began))) return
  await store.sessions.end(moved.id, 'revoked', clock.now())
  await changed(core, user.id)
}

/** Where it was opened, as far as that is known: the request that shows it first may be anybody's. */
const originOfEarlier = ({ ip, userAgent }: EarlierSession): Origin => ({ ip, userAgent, connectionId: '', transport: 'app', extra: {} })

const over = (detail: string): AccountsError => new AccountsError('InvalidSession', { message: 'Invalid Session', detail })
