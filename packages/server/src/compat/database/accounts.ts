/** Accounts elsewhere and the second factor, as accounts-js keeps them among a user's services. */
import { createHash } from 'node:crypto'
import type { Credential, LinkedAccount } from '../../core/identity/credential.ts'
import { profileWithoutSecrets } from '../../core/identity/services.ts'
import { CLEAR_TOTP, TOTP } from '../../core/identity/totp.ts'
import { isProvider } from '../../core/identity/linked-account.ts'
import type { KeptUser } from './shapes.ts'

const KIND = 'oauth:'

/** The provider of such a kind, or undefined for another kind. */
export const providerOf = (kind: string): string | undefined => (kind.startsWith(KIND) ? kind.slice(KIND.length) : undefined)

/** The accounts elsewhere that the adapter knows of. */
export function accountsOf(kept: KeptUser, now: number): LinkedAccount[] {
  return [...kept.accounts]
    .filter(([provider]) => isProvider(provider))
    .map(([provider, { id, data }]) => ({
      userId: kept.id,
      kind: `${KIND}${provider}`,
      id,
      // The old app's provider tokens stay where they are.
      data: { profile: profileWithoutSecrets(data) },
      createdAt: now,
      updatedAt: now,
    }))
}

/** What the adapter is given of an account elsewhere: nothing that proves anything. */
export function serviceData({ id, data }: Credential): Record<string, unknown> {
  const { profile } = data
  return { ...(typeof profile === 'object' && profile !== null ? profileWithoutSecrets({ ...profile }) : {}), id }
}

// ------------------------------------------------------------------------------------------------------------ second factor

/** The form of a second factor whose secret is the adapter's; `secret` is a fingerprint of it. */
const IN_ADAPTER = 'in-adapter'

/**
 * Credentials with the second factor that the old app set up, if there is none of ours. What was used up of it is kept in our store; its secret stays in
 * the adapter alone, in clear, as accounts-js has it.
 */
export function presentedTwoFactor(kept: KeptUser, rows: readonly Credential[]): Credential[] {
  const others = rows.filter(({ form }) => form !== IN_ADAPTER)
  const secret = kept.twoFactorSecret
  if (secret === undefined || others.some(({ kind, id }) => kind === TOTP && id === '')) return others
  const state = rows.find(({ form, secret: print }) => form === IN_ADAPTER && print === fingerprint(secret))
  const since = kept.createdAt ?? 0
  const untouched: Credential = { userId: kept.id, kind: TOTP, id: '', data: {}, createdAt: since, updatedAt: since }
  return [...others, { ...(state ?? untouched), form: CLEAR_TOTP, secret }]
}

/** The same credential as our store keeps it. */
export function withoutClearSecret(credential: Credential): Credential {
  if (credential.form !== CLEAR_TOTP || credential.kind !== TOTP) return credential
  return { ...credential, form: IN_ADAPTER, secret: fingerprint(credential.secret ?? '') }
}

const fingerprint = (secret: string): string => `print:${createHash('sha256').update(secret).digest('base64url')}`
