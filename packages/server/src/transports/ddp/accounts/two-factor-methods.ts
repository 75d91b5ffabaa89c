/** The second factor, as Meteor's clients call it. */
import { ERRORS, isAccountsError } from '@latchkey/common'
import { MeteorError } from '@latchkey/common/ddp'
import type { SessionAndUser } from '../../../core/session/session.ts'
import { isOwnFactor } from '../../../core/strategy.ts'
import { deedsWith } from './deed.ts'
import type { Deed, DeedCall } from './deed.ts'
import { matchFailed } from './errors.ts'

/** Meteor's accounts-2fa, by the names of its methods. */
export const TWO_FACTOR_METHODS: Readonly<Record<string, Deed>> = deedsWith(core => [...core.factors.values()].some(isOwnFactor), {
  generate2faActivationQrCode,
  enableUser2fa,
  disableUser2fa,
  has2faEnabled,
})

/** A secret for an authenticator app, kept here until a code of it comes back: as text, as an address, and as the picture of that. */
async function generate2faActivationQrCode(call: DeedCall, appName: unknown): Promise<{ svg: string; secret: string; uri: string }> {
  const app = inAddress(appName)
  if (app === undefined) throw matchFailed()
  const who = await call.who()
  if (!who) throw new MeteorError(400, 'There must be a user logged in to generate the QR code.')
  const { base32 } = await call.accounts.twoFactorOffer(who, call.origin)
  const { username, emails, id } = who.user
  const account = inAddress(username) ?? inAddress(emails[0]?.address) ?? encodeURIComponent(id)
  const uri = `otpauth://totp/${app}%3A${account}?secret=${base32}&issuer=${app}`
  // Loaded for the few who set up a second factor.
  const { renderSVG } = await import('uqr')
  return { svg: `${DECLARATION}${renderSVG(uri)}`, secret: base32, uri }
}

/** Meteor's clients get no recovery codes: `latchkey.twoFactorRecoveryCodes` has them. */
async function enableUser2fa(call: DeedCall, code: unknown): Promise<void> {
  const who = await whoIs(call)
  if (typeof code !== 'string') throw matchFailed()
  try {
    await call.accounts.twoFactorEnable(who, code.replace(/\W/g, ''), call.origin)
  } catch (error) {
    // The one error of this number that Meteor shows.
    if (isAccountsError(error) && error.code === 'TwoFactorNotOffered') throw new MeteorError(...ERRORS.TwoFactorNotOffered.meteor)
    throw error
  }
}

/** Meteor asks for nothing; here the session must be fresh, or a code comes with it. */
async function disableUser2fa(call: DeedCall, code: unknown): Promise<void> {
  await call.accounts.twoFactorDisable(await whoIs(call), code, call.origin)
}

async function has2faEnabled(call: DeedCall): Promise<boolean> {
  const who = await call.who()
  if (!who) throw new MeteorError('no-logged-user', 'No user logged in.')
  return (await call.accounts.twoFactorStatus(who)).enabled
}

async function whoIs(call: DeedCall): Promise<SessionAndUser> {
  const who = await call.who()
  if (!who) throw new MeteorError(400, 'No user logged in.')
  return who
}

/** A name as it stands in an address. Undefined for what is no text, and for more than fits into the picture beside the rest. */
function inAddress(name: unknown): string | undefined {
  // Half a surrogate pair cannot be encoded.
  if (typeof name !== 'string' || /\p{Surrogate}/u.test(name)) return undefined
  const encoded = encodeURIComponent(name)
  return encoded.length <= LONGEST_NAME ? encoded : undefined
}

/** Of three names in one address: a QR code holds 2,953 characters (ISO/IEC 18004). Any address of mail fits, and any name for a new account. */
const LONGEST_NAME = 800

/** Meteor's pictures begin so. */
const DECLARATION = '<?xml version="1.0" standalone="yes"?>\r\n'
