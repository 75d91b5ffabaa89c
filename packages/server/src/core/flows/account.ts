/** What a user may ask about and do to the account as a whole. */
import type { PublicSettings } from '@latchkey/common'
import type { Confirmation } from '../accounts.ts'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { isLinkedAccount } from '../identity/linked-account.ts'
import { toPublicUser } from '../identity/public-user.ts'
import { refuseImpersonated } from '../policy/may-change.ts'
import type { SessionAndUser } from '../session/session.ts'
import { isOwnFactor } from '../strategy.ts'
import type { Origin } from '../strategy.ts'
import { changed } from './changed.ts'
import { confirm } from './confirm.ts'
import { sessionInfo } from './logout.ts'
import { PENDING_LOGIN } from './second-factor.ts'

/** Audit lines an export carries at most. */
const EXPORTED_EVENTS = 1000

/**
 * Deletes one's own account: user, credentials, sessions and links. The audit trail keeps what happened, not where and how.
 * @throws AccountsError what confirming throws
 */
export async function deleteAccount(core: Core, who: SessionAndUser, confirmation: Confirmation, origin: Origin): Promise<void> {
  await confirm(core, who, confirmation, origin)
  await core.store.users.remove(who.user.id, core.clock.now(), {
    audit: [auditEvent(core, 'user-deleted', { ...origin, ip: '', userAgent: '' }, { userId: who.user.id })],
  })
  await changed(core, who.user.id)
}

/**
 * Everything kept about the user (GDPR, article 15), without anything that proves something. It is all of it at once, to take away: for its
 * owner, and not for somebody who acts as them.
 * @throws AccountsError `Forbidden`
 */
export async function exportData(core: Core, who: SessionAndUser, origin: Origin): Promise<Record<string, unknown>> {
  refuseImpersonated(who, 'export data')
  const { user } = who
  const [credentials, sessions, events] = await Promise.all([
    core.store.users.credentials(user.id),
    core.store.sessions.list(user.id, core.clock.now()),
    core.store.audit.list({ userId: user.id, limit: EXPORTED_EVENTS }),
  ])
  await core.store.audit.add([auditEvent(core, 'user-exported', origin, { userId: user.id })])
  return {
    user: toPublicUser(core.settings, user),
    credentials: credentials.map(credential => ({
      kind: credential.kind,
      ...(isLinkedAccount(credential) ? { profile: credential.data } : {}),
      createdAt: iso(credential.createdAt),
      updatedAt: iso(credential.updatedAt),
    })),
    sessions: sessions.map(session => sessionInfo(session, null)),
    events: events.map(({ type, at, ip, userAgent, data }) => ({ type, at: iso(at), ip, userAgent, data })),
  }
}

/** What a page needs to know before anybody signs in. */
export function publicSettings({ settings, strategies, factors }: Core): PublicSettings {
  return {
    signUpAllowed: settings.signUpAllowed,
    passwordMinLength: settings.password.minLength,
    verificationMail: settings.password.sendVerificationEmailAfterSignup,
    // Completing a login, or going on with a session, is no way to begin one.
    strategies: [...strategies.keys()].filter(name => name !== PENDING_LOGIN && name !== 'resume'),
    twoFactor: [...factors.values()].some(isOwnFactor),
  }
}

const iso = (at: number): string => new Date(at).toISOString()
