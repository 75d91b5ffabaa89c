/** Signing up, passwords, addresses, second factor, links to sign in: accounts-js's password and magic-link modules, and what they lack. */
import { confirmationOf, openedIn } from './core-resolvers.ts'
import type { Confirming } from './core-resolvers.ts'
import { field, knowingField, nothing, ownField } from './field.ts'
import type { Desk, ResolverPart } from './field.ts'

interface TwoFactorArgs {
  secret: Record<string, unknown>
  code: string
}

/** The fields of accounts-js's password module. */
export function passwordResolvers(desk: Desk): ResolverPart {
  const { accounts, contexts } = desk
  return {
    queries: {
      twoFactorSecret: knowingField(desk, ({ who, call }) => accounts.twoFactorSecret(who, call.origin)),
    },
    mutations: {
      createUser: knowingField<{ user: Record<string, unknown> }>(desk, async ({ args, call }) => {
        const mode = contexts.modeOf(call)
        const { result, login } = await accounts.register(args.user, call.origin, mode)
        // Both fields are null where ambiguous messages hide whether the account is new.
        return { userId: result.userId, loginResult: login && (await openedIn(desk, call, login, mode)) }
      }),
      verifyEmail: field<{ token: string }>(desk, ({ args, call }) => nothing(accounts.verifyEmail(args.token, call.origin))),
      resetPassword: knowingField<{ token: string; newPassword: string }>(desk, async ({ args, call }) => {
        const mode = contexts.modeOf(call)
        const login = await accounts.resetPassword(args.token, args.newPassword, call.origin, mode)
        return login && openedIn(desk, call, login, mode)
      }),
      sendVerificationEmail: field<{ email: string }>(desk, ({ args, call }) =>
        nothing(accounts.sendVerificationEmail(args.email, call.origin)),
      ),
      sendResetPasswordEmail: field<{ email: string }>(desk, ({ args, call }) =>
        nothing(accounts.sendResetPasswordEmail(args.email, call.origin)),
      ),
      addEmail: ownField<Confirming & { newEmail: string }>(desk, ({ args, who, call }) =>
        nothing(accounts.addEmail(who, args.newEmail, call.origin, confirmationOf(args))),
      ),
      changePassword: ownField<{ oldPassword: string; newPassword: string; code?: string }>(desk, ({ args, who, call }) =>
        nothing(accounts.changePassword(who, args.oldPassword, args.newPassword, call.origin, args.code)),
      ),
      twoFactorSet: ownField<TwoFactorArgs>(desk, ({ args, who, call }) =>
        nothing(accounts.twoFactorSet(who, args.secret, args.code, call.origin)),
      ),
      twoFactorUnset: ownField<{ code: string }>(desk, ({ args, who, call }) =>
        nothing(accounts.twoFactorUnset(who, args.code, call.origin)),
      ),
    },
  }
}

/** The field of accounts-js's magic-link module. */
export function magicLinkResolvers(desk: Desk): ResolverPart {
  return {
    queries: {},
    mutations: {
      requestMagicLinkEmail: field<{ email: string }>(desk, ({ args, call }) =>
        nothing(desk.accounts.requestMagicLinkEmail(args.email, call.origin)),
      ),
    },
  }
}

/** The field for codes to sign in. */
export function loginCodeResolvers(desk: Desk): ResolverPart {
  return {
    queries: {},
    mutations: {
      accountsRequestLoginCode: field<{ email: string }>(desk, async ({ args: { email }, call }) => {
        const { request } = await desk.accounts.requestLoginCode({ selector: { email }, userData: { email } }, call.origin)
        return { request }
      }),
    },
  }
}

/** What they lack. */
export function passwordAdditions(desk: Desk): ResolverPart {
  const { accounts } = desk
  return {
    queries: {
      twoFactorStatus: ownField(desk, ({ who }) => accounts.twoFactorStatus(who)),
    },
    mutations: {
      removeEmail: ownField<Confirming & { email: string }>(desk, ({ args, who, call }) =>
        nothing(accounts.removeEmail(who, args.email, confirmationOf(args), call.origin)),
      ),
      changeEmail: ownField<Confirming & { oldEmail: string; newEmail: string }>(desk, ({ args, who, call }) =>
        nothing(accounts.changeEmail(who, args.oldEmail, args.newEmail, confirmationOf(args), call.origin)),
      ),
      twoFactorEnable: ownField<TwoFactorArgs & { password?: string }>(desk, async ({ args, who, call }) => {
        const { recoveryCodes } = await accounts.twoFactorSet(
          who,
          args.secret,
          args.code,
          call.origin,
          // Its code is the new factor's, and confirms nothing.
          args.password === undefined ? null : { password: args.password },
        )
        return recoveryCodes
      }),
      twoFactorRecoveryCodes: ownField<{ code: string }>(desk, ({ args, who, call }) =>
        accounts.twoFactorRecoveryCodes(who, args.code, call.origin),
      ),
    },
  }
}
