import { AccountsError } from '@latchkey/common'
import type { Login } from '../accounts.ts'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { deviceLabel } from '../device.ts'
import { clientOf } from '../origin.ts'
import type { RefreshClaims } from '../session/access-token.ts'
import { lookUntilRest } from '../session/at-rest.ts'
import { askApp } from '../session/check.ts'
import { hashSecret } from '../session/secret.ts'
import type { SecretHash } from '../session/secret.ts'
import { isBetweenEpochs, isLive } from '../session/session.ts'
import { successorMade, successorOf } from '../session/successor.ts'
import type { RotateOutcome, Rotation } from '../store.ts'
import type { Origin } from '../strategy.ts'
import { changed } from './changed.ts'
import { stillImpersonates } from './impersonate.ts'

/**
 * Exchanges a refresh secret for its successor and a new access token. The secret alone proves; the access token beside it, expired or
 * signed by a retired key, must only not contradict it.
 * @throws AccountsError `InvalidTokens`, `TokenVerificationFailed`, `SessionNotFound`, `InvalidSession`, `TooManyAttempts`
 */
export async function refresh(core: Core, accessToken: unknown, refreshToken: unknown, origin: Origin): Promise<Login> {
  try {
    core.limiter.hitHere('token', { ip: clientOf(origin) })
    const claims = readTokens(core, accessToken, refreshToken)
    const presented = hashSecret(claims.secret)
    const turn = await rotate(core, claims, presented, origin)
    if (turn.outcome === 'over') throw new AccountsError('InvalidSession')
    if (turn.outcome === 'reused') throw await reportReuse(core, claims, turn.found.user.id)
    const { session, user } = turn.found
    if (core.settings.createNewSessionTokenOnRefresh) await changed(core, user.id)
    await stillImpersonates(core, turn.found, origin)
    await askApp(core, { user, session })
    const next = successorMade(core.keys, presented, turn.next)
    if (!next) throw new AccountsError('TokenVerificationFailed', { detail: 'the successor was made under a key that is gone' })
    const tokens = await core.accessTokens.pair(session, user, next)
    await core.hooks.tell('refreshed', { user, session, tokens, origin })
    return { service: 'refresh', user, session, tokens, resumeSecret: null, device: origin.device ?? '' }
  } catch (error) {
    await core.hooks.tell('refreshFailure', { error: error instanceof Error ? error : new Error(String(error)) })
    throw error
  }
}

function readTokens(core: Core, accessToken: unknown, refreshToken: unknown): RefreshClaims {
  if (typeof accessToken !== 'string' || typeof refreshToken !== 'string' || accessToken === '' || refreshToken === '') {
    throw new AccountsError('InvalidTokens')
  }
  const claims = core.accessTokens.readRefresh(refreshToken)
  if (!claims) throw new AccountsError('TokenVerificationFailed', { detail: 'not a refresh token, or an expired one' })
  if (core.accessTokens.sessionNamedBy(accessToken) !== claims.sid) {
    throw new AccountsError('TokenVerificationFailed', { detail: 'the two tokens are of different sessions' })
  }
  return claims
}

async function rotate(core: Core, claims: RefreshClaims, presented: SecretHash, origin: Origin): Promise<RotateOutcome> {
  const now = core.clock.now()
  const handle = core.settings.createNewSessionTokenOnRefresh ? await newHandle(core, claims.sid) : undefined
  let isMoving = false
  const rotation: Rotation = {
    sessionId: claims.sid,
    presented,
    next: hashSecret(successorOf(core.keys, presented)),
    now,
    grace: core.settings.session.refreshGrace,
    judge: found => {
      isMoving = isBetweenEpochs(found, now)
      return isLive(found, now)
    },
    ip: origin.ip || null,
    userAgent: origin.userAgent.slice(0, 512) || null,
    device: deviceLabel(origin.userAgent),
    ...(handle === undefined ? {} : { handle }),
    // Only a token we signed can be an old one of ours. Anything else may be made up by somebody who knows the session's id, who must not
    // be able to end it.
    endOnReuse: claims.genuine,
    // Nor may they fill the audit trail with thefts that never were.
    ...(claims.genuine
      ? { alongReuse: userId => ({ audit: [auditEvent(core, 'refresh-reused', origin, { userId, sessionId: claims.sid })] }) }
      : {}),
  }
  const turn = (): Promise<RotateOutcome> => {
    // Nobody is judged where nobody is found.
    isMoving = false
    return core.store.sessions.rotate(rotation)
  }
  return lookUntilRest(core, turn, ({ outcome }) => outcome === 'over' && isMoving)
}

async function newHandle(core: Core, sessionId: string): Promise<string> {
  const found = await core.store.sessions.find(sessionId)
  if (!found) throw new AccountsError('SessionNotFound')
  return (await core.settings.tokenCreator?.createToken(found.user)) ?? Buffer.from(core.chance.bytes(16)).toString('base64url')
}

/** A secret was presented that only its owner and a thief can have, and we cannot know which: both are out (RFC 9700, 4.14.2). */
async function reportReuse(core: Core, claims: RefreshClaims, userId: string): Promise<AccountsError> {
  if (!claims.genuine) return new AccountsError('TokenVerificationFailed', { detail: 'unknown refresh secret in a token we did not sign' })
  await changed(core, userId)
  core.log.warn({ userId, sessionId: claims.sid }, 'a refresh token was used again after its time; its session was ended')
  return new AccountsError('InvalidSession', { detail: 'refresh token reused' })
}
