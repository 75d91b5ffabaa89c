/**
 * The second factor as Meteor's clients set it up: they send a code and never the secret, so the offer waits here; and they give it up without a code, so that
 * takes a fresh sign-in.
 */
import { AccountsError } from '@latchkey/common'
import type { TwoFactorSecret } from '@latchkey/common'
import type { Confirmation } from '../accounts.ts'
import type { Core } from '../core.ts'
import { keyRing, open, seal } from '../seal.ts'
import type { SecretHash } from '../session/secret.ts'
import type { SessionAndUser } from '../session/session.ts'
import type { Origin } from '../strategy.ts'
import { refuseImpersonated } from '../policy/may-change.ts'
import { confirm } from './confirm.ts'
import { offerOf, removeTwoFactor, twoFactorSecret, twoFactorSet, twoFactorStatus, twoFactorUnset } from './two-factor.ts'

/**
 * Offers a secret and keeps it, sealed, for ten minutes; a newer one takes its place.
 * @throws AccountsError `TwoFactorAlreadySet`, `Forbidden`, `TooManyAttempts`, `ServiceNotFound` where no second factor can be set up
 */
export async function twoFactorOffer(core: Core, who: SessionAndUser, origin: Origin): Promise<TwoFactorSecret> {
  refuseImpersonated(who)
  if ((await twoFactorStatus(core, who)).enabled) throw new AccountsError('TwoFactorAlreadySet')
  const userId = who.user.id
  const secret = await twoFactorSecret(core, who, origin)
  const sealed = seal(keyRing(core.keys), core.chance, secret.base32, { userId, field: FIELD })
  await core.store.tokens.issue({ ...offerOf(core, secret, userId), hash: placeOf(core, userId), address: '', data: { sealed } })
  return secret
}

/**
 * Sets up what was offered, once a code proves that it arrived.
 * @throws AccountsError `TwoFactorNotOffered`, and what {@link twoFactorSet} throws
 */
export async function twoFactorEnable(
  core: Core,
  who: SessionAndUser,
  code: unknown,
  origin: Origin,
): Promise<{ recoveryCodes: string[] }> {
  const userId = who.user.id
  const kept = await core.store.tokens.find(placeOf(core, userId), 'two-factor-offer', core.clock.now())
  // Written above.
  const base32 = kept && open(keyRing(core.keys), String(kept.data.sealed), { userId, field: FIELD })
  if (!base32) throw new AccountsError('TwoFactorNotOffered')
  return twoFactorSet(core, who, base32, code, null, origin)
}

/**
 * Gives it up: for a code, or without one soon after a sign-in. Nothing happens when there is none.
 * @throws AccountsError `RecentLoginRequired`, `Forbidden`, and what {@link twoFactorUnset} throws
 */
export async function twoFactorDisable(core: Core, who: SessionAndUser, code: unknown, origin: Origin): Promise<void> {
  if (code !== undefined && code !== null) return twoFactorUnset(core, who, code, origin)
  const nothing: Confirmation = null
  await confirm(core, who, nothing, origin)
  await removeTwoFactor(core, who.user.id, origin)
}

const FIELD = 'two-factor-offer'

/** Where a user's offer is kept: known without the secret. */
const placeOf = (core: Core, userId: string): SecretHash => core.keys.mac('identifier', `two-factor-offer\0${userId}`) as SecretHash
