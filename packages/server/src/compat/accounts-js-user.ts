/** Our users and sessions in accounts-js's shapes, and back. */
import { servicesOf, profileWithoutSecrets } from '../core/identity/services.ts'
import type { Credential } from '../core/identity/credential.ts'
import { toPublicUser } from '../core/identity/public-user.ts'
import type { User } from '../core/identity/user.ts'
import type { Session } from '../core/session/session.ts'
import type { Face } from '../core/settings.ts'
import type { AccountsJsSession, AccountsJsUser } from './accounts-js-types.ts'

/** The user as kept, custom fields at the top level; with `services` when the credentials are at hand. For the app's own eyes. */
export function accountsJsUser(face: Face, user: User, credentials?: readonly Credential[]): AccountsJsUser {
  const services = credentials ? servicesOf(credentials) : user.services
  // Names of ours win over custom fields, as on the way out.
  return { ...toPublicUser({ face, userObjectSanitizer: undefined }, user), ...(services ? { services: { ...services } } : {}) }
}

/** The reverse, for what an app hands back to us, such as a record of `findUserById` or of its own database. Secrets in it are left behind. */
export function coreUser(record: AccountsJsUser | User): User {
  if (isCoreUser(record)) return record
  const { id, username, emails, services, deactivated, createdAt, updatedAt, ...custom } = record
  return {
    id,
    ...(typeof username === 'string' ? { username } : {}),
    emails: (emails ?? []).map(({ address, verified }) => ({ address, verified })),
    createdAt: timeOf(createdAt),
    updatedAt: timeOf(updatedAt),
    ...(deactivated ? { deactivatedAt: timeOf(updatedAt) } : {}),
    epoch: 0,
    custom,
    services: Object.fromEntries(Object.entries(services ?? {}).map(([name, data]) => [name, harmless(data)])),
  }
}

/** A session as accounts-js's apps know one. */
export function accountsJsSession(session: Session, valid: boolean): AccountsJsSession {
  return {
    id: session.id,
    userId: session.userId,
    token: session.handle,
    valid,
    userAgent: session.userAgent,
    ip: session.ip,
    createdAt: new Date(session.createdAt).toISOString(),
    updatedAt: new Date(session.endedAt ?? session.activeAt).toISOString(),
    ...(session.impersonatorId === undefined ? {} : { extraData: { impersonatorUserId: session.impersonatorId } }),
  }
}

/** Every user of the core has these two, and no record of accounts-js has both. */
export const isCoreUser = (record: AccountsJsUser | User): record is User =>
  typeof record.epoch === 'number' && typeof record.custom === 'object'

/** What may be said of one way to sign in: of a password, a second factor or links that is nothing. */
const harmless = (data: unknown): Record<string, unknown> =>
  typeof data === 'object' && data !== null && !Array.isArray(data) ? profileWithoutSecrets({ ...data }) : {}

/** ISO text, epoch milliseconds or a date: adapters disagree. */
function timeOf(time: unknown): number {
  const at = new Date(time instanceof Date || typeof time === 'number' || typeof time === 'string' ? time : 0).getTime()
  return Number.isNaN(at) ? 0 : at
}
