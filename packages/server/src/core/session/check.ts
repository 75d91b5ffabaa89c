/** "Is this session good?": the one question behind every authenticated request. */
import { AccountsError } from '@latchkey/common'
import type { Core } from '../core.ts'
import { admit } from '../flows/admit.ts'
import type { AccessClaims } from './access-token.ts'
import { passThrough } from '../hooks.ts'
import type { User } from '../identity/user.ts'
import { atRest } from './at-rest.ts'
import { hashSecret } from './secret.ts'
import { isLive } from './session.ts'
import type { Session, SessionAndUser } from './session.ts'

/**
 * The session and user of an access token.
 * @throws AccountsError `InvalidToken`, `TokenVerificationFailed`, `SessionNotFound`, `InvalidSession`
 */
export async function check(core: Core, accessToken: unknown): Promise<SessionAndUser> {
  return told(core, accessToken, () => findLiveByToken(core, accessToken))
}

/**
 * The user of an access token, whether or not its session is still live (`useStatelessSession`). Deactivated users are refused all the same: they were
 * looked at.
 * @throws AccountsError `InvalidToken`, `TokenVerificationFailed`, `UserNotFound`, `InvalidSession`
 */
export async function checkStateless(core: Core, accessToken: unknown): Promise<User> {
  const { user } = await told(core, accessToken, async () => {
    const claims = core.accessTokens.verify(accessToken)
    // What may end at any moment elsewhere is not believed without looking.
    if (claims.earlier) await findLive(core, claims, 'Invalid Session')
    const found = await core.store.users.find({ kind: 'id', key: claims.data.userId })
    if (!found) throw new AccountsError('UserNotFound')
    if (found.deactivatedAt !== undefined) throw new AccountsError('InvalidSession', { message: 'Invalid Session' })
    await askApp(core, { user: found, session: null })
    return { user: found, session: null }
  })
  return user
}

/** What comes of resuming a session is told, good or bad. */
async function told<Found extends { user: User; session: Session | null }>(
  core: Core,
  accessToken: unknown,
  find: () => Promise<Found>,
): Promise<Found> {
  try {
    const found = await find()
    // What was found was found by a text.
    await core.hooks.tell('resumed', { ...found, accessToken: accessToken as string })
    return found
  } catch (error) {
    await core.hooks.tell('resumeFailure', { error: error instanceof Error ? error : new Error(String(error)) })
    throw error
  }
}

/**
 * The same without waiting, when the answer is at hand and nobody wants to be asked or told. Undefined: use {@link check}.
 * @throws AccountsError `InvalidToken`, `TokenVerificationFailed`
 */
export function checkCached(core: Core, accessToken: string): SessionAndUser | undefined {
  if (core.settings.resumeSessionValidator || !core.hooks.isSilent('resumed') || !core.hooks.isSilent('resumeFailure')) return undefined
  return liveFromCache(core, core.accessTokens.verify(accessToken))
}

/**
 * The session of a resume secret, as a browser's cookie carries it.
 * @throws AccountsError `InvalidSession`
 */
export async function checkResume(core: Core, secret: string): Promise<SessionAndUser> {
  const hash = hashSecret(secret)
  const now = core.clock.now()
  const key = `resume:${hash}`
  const cached = core.cache.get(key)
  const load = (): Promise<SessionAndUser | null> => core.cache.load(key, () => core.store.sessions.findByResume(hash))
  const found = cached && isLive(cached, now) ? cached : await atRest(core, load)
  if (!found || !isLive(found, now))
    throw new AccountsError('InvalidSession', { detail: found ? 'session is over' : 'unknown resume secret' })
  core.activity.note(found.session, now)
  await askApp(core, found)
  return found
}

/**
 * A session somebody holds, and its user, as they are now.
 * @param read what was read of it a moment ago; believed only where it says that the session is live
 * @throws AccountsError `InvalidSession`
 */
export async function checkAgain(core: Core, { id }: Session, read?: SessionAndUser): Promise<SessionAndUser> {
  const now = core.clock.now()
  if (read && isLive(read, now)) return passed(core, read, now)
  const cached = core.cache.get(id)
  const load = (): Promise<SessionAndUser | null> => core.cache.load(id, () => core.store.sessions.find(id))
  const found = cached && isLive(cached, now) ? cached : await atRest(core, load)
  if (!found || !isLive(found, now)) throw new AccountsError('InvalidSession', { detail: 'the session of an open connection is over' })
  return passed(core, found, now)
}

/** The same for many sessions of one user, in the order in which they are given: one that is over is rejected with why. Read together where that is cheaper. */
export async function checkAllAgain(
  core: Core,
  userId: string,
  sessions: readonly Session[],
): Promise<PromiseSettledResult<SessionAndUser>[]> {
  const read = sessions.length < WORTH_A_LIST ? undefined : await readTogether(core, userId)
  return Promise.allSettled(sessions.map(session => checkAgain(core, session, read?.get(session.id))))
}

/** So many sessions of one user cost more, one by one, than the list of them. */
const WORTH_A_LIST = 4

/** What is live of a user, by id. The user first: whatever ends one of the sessions after that is told of once it is done, and they are looked at again. */
async function readTogether({ cache, clock, store }: Core, userId: string): Promise<Map<string, SessionAndUser>> {
  const ticket = cache.begin()
  try {
    const user = await store.users.find({ kind: 'id', key: userId })
    const sessions = user ? await store.sessions.list(userId, clock.now()) : []
    const found = new Map<string, SessionAndUser>()
    for (const session of sessions) if (user) found.set(session.id, { session, user })
    for (const [id, one] of found) cache.keep(id, one, ticket)
    return found
  } finally {
    cache.finish()
  }
}

async function passed(core: Core, found: SessionAndUser, now: number): Promise<SessionAndUser> {
  core.activity.note(found.session, now)
  await askApp(core, found)
  return found
}

/**
 * The live session of an access token, for deeds of their own; no hook is told.
 * @param refusal what the deed says of a session that is over, as accounts-js words it
 * @throws AccountsError `InvalidToken`, `TokenVerificationFailed`, `SessionNotFound`, `InvalidSession`
 */
export async function findLiveByToken(core: Core, accessToken: unknown, refusal: string = 'Invalid Session'): Promise<SessionAndUser> {
  const found = await findLive(core, core.accessTokens.verify(accessToken), refusal)
  await askApp(core, found)
  return found
}

/** The session an access token names, live or not. The token must be genuine and, unless told otherwise, unexpired. */
export async function findByAccessToken(
  core: Core,
  accessToken: unknown,
  expired: 'refuse' | 'accept' = 'refuse',
): Promise<SessionAndUser> {
  const claims = core.accessTokens.verify(accessToken, { expired })
  const found = (await atRest(core, () => core.store.sessions.find(claims.sid))) ?? (await admit(core, claims))
  if (!found || found.session.handle !== claims.data.token) throw new AccountsError('SessionNotFound')
  return found
}

/** The app's last word on a session that is otherwise good. Its refusal is one of the session, not a failure of ours, whatever it throws. */
export async function askApp({ settings }: Core, { user, session }: { user: User; session: Session | null }): Promise<void> {
  try {
    await settings.resumeSessionValidator?.(user, session)
  } catch (thrown) {
    throw passThrough(thrown)
  }
}

async function findLive(core: Core, claims: AccessClaims, refusal: string): Promise<SessionAndUser> {
  const cached = liveFromCache(core, claims)
  if (cached) return cached
  const load = (): Promise<SessionAndUser | null> => core.cache.load(claims.sid, () => core.store.sessions.find(claims.sid))
  const found = (await atRest(core, load)) ?? (await admit(core, claims))
  if (!found || found.session.handle !== claims.data.token) throw new AccountsError('SessionNotFound')
  const now = core.clock.now()
  if (!isLive(found, now)) throw new AccountsError('InvalidSession', { message: refusal })
  core.activity.note(found.session, now)
  return found
}

function liveFromCache(core: Core, claims: AccessClaims): SessionAndUser | undefined {
  const found = core.cache.get(claims.sid)
  const now = core.clock.now()
  // A cached copy may lag behind in activity noted elsewhere, so an idle one is asked for again rather than refused.
  if (!found || found.session.handle !== claims.data.token || !isLive(found, now)) return undefined
  core.activity.note(found.session, now)
  return found
}
