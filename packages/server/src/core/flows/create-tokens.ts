import { AccountsError } from '@latchkey/common'
import type { Tokens } from '@latchkey/common'
import type { Core } from '../core.ts'
import { deviceLabel } from '../device.ts'
import type { RefreshChain } from '../session/refresh-chain.ts'
import { hashSecret } from '../session/secret.ts'
import type { Secret } from '../session/secret.ts'
import { isLive } from '../session/session.ts'
import type { Session, SessionAndUser } from '../session/session.ts'
import { successorMade, successorOf } from '../session/successor.ts'

/** Whose tokens: a live session by its handle, and its user. accounts-js's parameters. */
export interface TokensOf {
  /** The session's token, `data.token` of its access tokens. */
  token: string
  /** Follows from the session. When given it must not say otherwise. */
  isImpersonated?: boolean
  user: { id: string }
}

/**
 * A pair of tokens for a session that is open: the same refresh secret that its client holds or is about to be given, so that neither pair puts the
 * other out of use. Opens no session.
 * @throws AccountsError `SessionNotFound`, `InvalidSession` when it is over or kept in a cookie, `InvalidInput`
 */
export async function createTokens(core: Core, { token, isImpersonated, user }: TokensOf): Promise<Tokens> {
  const found = await findByHandle(core, token, user.id)
  if (!found) throw new AccountsError('SessionNotFound')
  if (!isLive(found, core.clock.now())) throw new AccountsError('InvalidSession')
  if (isImpersonated && found.session.impersonatorId === undefined)
    throw new AccountsError('InvalidInput', { message: 'Nobody impersonates in that session', details: { field: 'isImpersonated' } })
  return core.accessTokens.pair(found.session, found.user, await secretOf(core, found.session))
}

async function findByHandle(core: Core, handle: string, userId: string): Promise<SessionAndUser | null> {
  const sessions = await core.store.sessions.list(userId, core.clock.now())
  const session = sessions.find(one => one.handle === handle)
  const found = session ? await core.store.sessions.find(session.id) : null
  return found?.session.handle === handle ? found : null
}

/** The secret at the tip, if it can be derived. A session that was never refreshed has one that was drawn at random: its turn is taken first. */
async function secretOf(core: Core, session: Session): Promise<Secret> {
  const chain = await core.store.sessions.refreshChain(session.id)
  if (!chain) throw new AccountsError('InvalidSession', { message: 'That session is kept in a cookie and has no tokens' })
  return derivedTip(core, chain) ?? takeTurn(core, session, chain)
}

function derivedTip({ keys }: Core, { tip, spent }: RefreshChain): Secret | undefined {
  const last = spent.at(-1)
  return last && successorMade(keys, last.hash, tip)
}

/** The client's secret stays good until the one made here is first used, and leads to it when it is presented. */
async function takeTurn(core: Core, session: Session, { tip }: RefreshChain): Promise<Secret> {
  const now = core.clock.now()
  const turn = await core.store.sessions.rotate({
    sessionId: session.id,
    presented: tip,
    next: hashSecret(successorOf(core.keys, tip)),
    now,
    grace: core.settings.session.refreshGrace,
    judge: found => isLive(found, now),
    // Nobody connected.
    ip: session.ip,
    userAgent: session.userAgent,
    device: deviceLabel(session.userAgent ?? ''),
    endOnReuse: false,
  })
  const secret = turn.outcome === 'rotated' || turn.outcome === 'repeated' ? successorMade(core.keys, tip, turn.next) : undefined
  if (!secret) throw new AccountsError('InvalidSession')
  return secret
}
