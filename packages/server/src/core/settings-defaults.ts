/** What the settings are when nobody says otherwise. */
import type { Face, Limits, Lockout, PasswordSettings } from './settings.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** What is true of passwords unless somebody says otherwise. */
export const PASSWORD_DEFAULTS: PasswordSettings = {
  minLength: 8,
  maxLength: 256,
  refuseCommon: true,
  contextWords: [],
  acceptDigests: true,
  requireEmailVerification: false,
  sendVerificationEmailAfterSignup: false,
  notifyUserAfterPasswordChanged: true,
  returnTokensAfterResetPassword: false,
  invalidateAllSessionsAfterPasswordReset: true,
  invalidateAllSessionsAfterPasswordChanged: true,
  removeAllResetPasswordTokensAfterPasswordChanged: true,
  verifyEmailTokenExpiration: 3 * DAY,
  passwordResetTokenExpiration: 3 * DAY,
  passwordEnrollTokenExpiration: 30 * DAY,
}

/** Where a face departs from the defaults above: the parents send no mail after sign-up unless they are told to, and Meteor none after a change. */
export const FACE_DEFAULTS: Record<Face, Partial<PasswordSettings>> = {
  latchkey: { sendVerificationEmailAfterSignup: true },
  'accounts-js': {},
  meteor: { returnTokensAfterResetPassword: true, notifyUserAfterPasswordChanged: false },
}

/** A login token of Meteor's is good for its time, used or not. */
export const IDLE: Record<Face, string | null> = { latchkey: '7d', 'accounts-js': '7d', meteor: null }

/** Which of them are durations. */
export const PASSWORD_DURATIONS: readonly ['verifyEmailTokenExpiration', 'passwordResetTokenExpiration', 'passwordEnrollTokenExpiration'] =
  ['verifyEmailTokenExpiration', 'passwordResetTokenExpiration', 'passwordEnrollTokenExpiration']

/** How often what may be tried. */
export const LIMITS: Limits = {
  login: { address: { limit: 60, window: MINUTE }, account: { limit: 15, window: MINUTE }, process: { limit: 6000, window: MINUTE } },
  register: { address: { limit: 60, window: HOUR }, process: { limit: 3000, window: MINUTE } },
  mail: { address: { limit: 30, window: HOUR }, account: { limit: 6, window: 15 * MINUTE } },
  token: { address: { limit: 300, window: MINUTE } },
  offer: { address: { limit: 60, window: HOUR } },
}

/** When guessing is stopped. */
export const LOCKOUT: Lockout = { free: 5, first: 30_000, longest: 15 * MINUTE, memory: DAY }
