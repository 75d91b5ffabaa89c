import { AccountsError } from '@latchkey/common'
import type { Core } from '../../core/core.ts'
import { emailKey } from '../../core/identity/email.ts'
import { hashSecret } from '../../core/session/secret.ts'
import type { OneTimeToken, TokenPurpose } from '../../core/token/one-time-token.ts'
import type { AccountsJsUser, TokenRecord } from '../accounts-js-types.ts'
import type { DatabaseParts, UsersDatabaseInterface } from './database-of.ts'
import { recordOf, textOf } from './database-of-users.ts'

type Methods = Pick<
  UsersDatabaseInterface,
  | 'addEmailVerificationToken'
  | 'findUserByEmailVerificationToken'
  | 'addResetPasswordToken'
  | 'findUserByResetPasswordToken'
  | 'removeAllResetPasswordTokens'
  | 'addLoginToken'
  | 'findUserByLoginToken'
  | 'removeAllLoginTokens'
>

/** accounts-js's default for links to sign in, where no service says otherwise. */
const LOGIN_LINK_LIFETIME = 15 * 60_000

/** Links that work once. A token is kept as its hash, expires, and takes the place of an earlier one for the same purpose, user and address. */
export function linkMethods({ open }: DatabaseParts): Methods {
  return {
    async addEmailVerificationToken(userId, email, token) {
      const core = await open()
      await issue(core, 'verify-email', core.settings.password.verifyEmailTokenExpiration, { userId, email, token })
    },
    findUserByEmailVerificationToken: async token =>
      findBy(await open(), token, ['verify-email'], record => ({ email: { verificationTokens: [record] } })),

    async addResetPasswordToken(userId, email, token, reason = 'reset') {
      const core = await open()
      const { passwordEnrollTokenExpiration, passwordResetTokenExpiration } = core.settings.password
      if (reason === 'enroll') await issue(core, 'enroll-account', passwordEnrollTokenExpiration, { userId, email, token })
      else await issue(core, 'reset-password', passwordResetTokenExpiration, { userId, email, token })
    },
    findUserByResetPasswordToken: async token =>
      findBy(await open(), token, ['reset-password', 'enroll-account'], record => ({ password: { reset: [record] } })),
    async removeAllResetPasswordTokens(userId) {
      const { store } = await open()
      await store.tokens.drop(textOf(userId), ['reset-password', 'enroll-account'])
    },

    async addLoginToken(userId, email, token) {
      const core = await open()
      const lifetime = [...core.strategies.values()].find(({ loginLinks }) => loginLinks)?.loginLinks?.lifetime ?? LOGIN_LINK_LIFETIME
      await issue(core, 'login-link', lifetime, { userId, email, token })
    },
    findUserByLoginToken: async token => findBy(await open(), token, ['login-link'], record => ({ magicLink: { loginTokens: [record] } })),
    async removeAllLoginTokens(userId) {
      const { store } = await open()
      await store.tokens.drop(textOf(userId), ['login-link'])
    },
  }
}

interface Link {
  userId: string
  email: string
  token: string
}

/** @throws AccountsError `UserNotFound`, and `InvalidEmail` for an address that is not the user's */
async function issue(core: Core, purpose: TokenPurpose, lifetime: number, { userId, email, token }: Link): Promise<void> {
  const user = await core.store.users.find({ kind: 'id', key: textOf(userId) })
  if (!user) throw new AccountsError('UserNotFound')
  // As it is kept, for that is what a link proves.
  const address = user.emails.find(one => emailKey(one.address) === emailKey(textOf(email)))?.address
  if (address === undefined) throw new AccountsError('InvalidEmail', { details: { field: 'email' } })
  const now = core.clock.now()
  const isLogin = purpose === 'login-link'
  await core.store.tokens.issue({
    hash: hashSecret(textOf(token)),
    purpose,
    userId,
    // Of links to sign in a user has one, whatever the address.
    address: isLogin ? '' : address,
    data: isLogin ? { address, epoch: user.epoch } : {},
    tries: 0,
    createdAt: now,
    expiresAt: now + lifetime,
  })
}

/** The user of a token that is still good, with the token where accounts-js's services look for it. Looking does not spend it. */
async function findBy(
  core: Core,
  token: string,
  purposes: readonly TokenPurpose[],
  services: (record: TokenRecord) => NonNullable<AccountsJsUser['services']>,
): Promise<AccountsJsUser | null> {
  for (const purpose of purposes) {
    const found = await core.store.tokens.find(hashSecret(textOf(token)), purpose, core.clock.now())
    const user = found?.userId == null ? null : await core.store.users.find({ kind: 'id', key: found.userId })
    if (found && user) return recordOf(core, user, services(recordOfToken(token, found)))
  }
  return null
}

function recordOfToken(token: string, { purpose, address, data, createdAt }: OneTimeToken): TokenRecord {
  const sentTo = typeof data.address === 'string' ? data.address : address
  return { token, address: sentTo.toLowerCase(), when: createdAt, reason: purpose === 'enroll-account' ? 'enroll' : 'reset' }
}
