import type { Vouched } from '../../core/strategy.ts'
import type { OAuthEncryption } from '../oauth-encryption/oauth-encryption.ts'

/** What a provider said about somebody. `id` is its own name for them. */
export interface ExternalServiceData {
  id: string | number
  [field: string]: unknown
}

/** Names under which Meteor keeps no provider. */
const INTERNAL: ReadonlySet<string> = new Set(['password', 'resume', 'passwordless', 'twoFactorAuthentication'])
/** As long as any provider's, and any store's key. */
const LONGEST_ID = 255

/**
 * Somebody for whom the app's own code vouches, with what a provider told it.
 * @throws Error for names of no provider, and data without an id
 */
export function vouchedByApp(
  encryption: OAuthEncryption,
  serviceName: string,
  serviceData: ExternalServiceData,
  options: Readonly<Record<string, unknown>>,
): Vouched {
  if (INTERNAL.has(serviceName)) throw new Error(`Can't use updateOrCreateUserFromExternalService with internal service ${serviceName}`)
  const subject = subjectOf(serviceData)
  if (subject === null) throw new Error(`Service data for service ${serviceName} must include id`)
  return {
    provider: serviceName,
    subject,
    // Nobody is found by their address, and none is made of it: that is for the app's hooks.
    email: null,
    // Providers that count their users have said numbers and texts at different times (Twitter): the text is what is kept.
    account: { ...serviceData, id: subject },
    registration: async () => ({ ...options }),
    pinned: (account, userId) => encryption.pin(account, userId),
    byApp: true,
  }
}

function subjectOf(data: unknown): string | null {
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, 'id')) return null
  const { id } = data as { id: unknown }
  const subject = typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : id
  return typeof subject === 'string' && subject !== '' && subject.length <= LONGEST_ID && !/[\0\p{Surrogate}]/u.test(subject)
    ? subject
    : null
}
