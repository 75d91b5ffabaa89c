/** Signing up, links, passwords and addresses. accounts-js has these only where its password service is registered; so have we. */
import type { ErrorCode } from '@latchkey/common'
import * as v from 'valibot'
import type { Accounts, Confirmation } from '../../../core/accounts.ts'
import { done, route } from '../route.ts'
import type { Route } from '../route.ts'
import { createUserResult, loginResult, nil, password, text } from '../schemas.ts'

/** Further keys go to the app's `validateNewUser`, which decides what is kept. */
const newUser = v.looseObject({ username: v.nullish(text), email: v.nullish(text), password: v.nullish(password) })

/** What confirms a sensitive deed. */
export const confirmation: Readonly<Confirming> = { password: v.optional(password), code: v.optional(text) }
export const CONFIRMATION: Readonly<Record<keyof Confirming, ErrorCode>> = { password: 'InvalidPassword', code: 'TwoFactorInvalid' }

interface Confirming {
  password: v.OptionalSchema<typeof password, undefined>
  code: v.OptionalSchema<typeof text, undefined>
}

export function passwordRoutes(accounts: Accounts): Route[] {
  return [
    route({
      pattern: '/password/register',
      guard: 'anyone',
      summary: 'Sign up',
      body: v.object({ user: newUser }),
      codes: { 'user.username': 'InvalidUsername', 'user.email': 'InvalidEmail', 'user.password': 'InvalidPassword' },
      reply: createUserResult,
      opensSession: true,
      run: async ({ body, origin, mode }) => {
        const { result, login } = await accounts.register(body.user, origin, mode)
        return { value: login ? { ...result, loginResult: accounts.loginResult(login) } : result, opened: login }
      },
    }),
    route({
      pattern: '/password/verifyEmail',
      guard: 'anyone',
      summary: 'Redeem a verification link',
      body: v.object({ token: text }),
      codes: { token: 'InvalidToken' },
      reply: nil,
      run: ({ body, origin }) => done(accounts.verifyEmail(body.token, origin)),
    }),
    route({
      pattern: '/password/resetPassword',
      guard: 'anyone',
      summary: 'Redeem a reset or enrolment link',
      body: v.object({ token: text, newPassword: password }),
      codes: { token: 'InvalidToken', newPassword: 'InvalidNewPassword' },
      reply: v.nullable(loginResult),
      opensSession: true,
      run: async ({ body, origin, mode }) => {
        const login = await accounts.resetPassword(body.token, body.newPassword, origin, mode)
        return { value: login && accounts.loginResult(login), opened: login }
      },
    }),
    mailRoute('/password/sendVerificationEmail', 'Send a verification link', accounts.sendVerificationEmail),
    mailRoute('/password/sendResetPasswordEmail', 'Send a link to reset the password', accounts.sendResetPasswordEmail),
    route({
      pattern: '/password/changePassword',
      guard: 'session',
      summary: 'Change my password',
      body: v.object({ oldPassword: password, newPassword: password, code: v.optional(text) }),
      codes: { oldPassword: 'InvalidPassword', newPassword: 'InvalidPassword', code: 'TwoFactorInvalid' },
      reply: nil,
      run: ({ body, who, origin }) => done(accounts.changePassword(who, body.oldPassword, body.newPassword, origin, body.code)),
    }),
    ...emailRoutes(accounts),
  ]
}

function emailRoutes(accounts: Accounts): Route[] {
  return [
    route({
      pattern: '/password/addEmail',
      guard: 'session',
      summary: 'Add an address to my account',
      body: v.object({ newEmail: text, ...confirmation }),
      codes: { newEmail: 'InvalidEmail', ...CONFIRMATION },
      reply: nil,
      run: ({ body, who, origin }) => done(accounts.addEmail(who, body.newEmail, origin, confirmationOf(body))),
    }),
    route({
      pattern: '/password/removeEmail',
      guard: 'session',
      summary: 'Remove one of my addresses',
      body: v.object({ email: text, ...confirmation }),
      codes: { email: 'InvalidEmail', ...CONFIRMATION },
      reply: nil,
      run: ({ body, who, origin }) => done(accounts.removeEmail(who, body.email, confirmationOf(body), origin)),
    }),
    route({
      pattern: '/password/changeEmail',
      guard: 'session',
      summary: 'Put another address in the place of one of mine',
      body: v.object({ oldEmail: text, newEmail: text, ...confirmation }),
      codes: { oldEmail: 'InvalidEmail', newEmail: 'InvalidEmail', ...CONFIRMATION },
      reply: nil,
      run: ({ body, who, origin }) => done(accounts.changeEmail(who, body.oldEmail, body.newEmail, confirmationOf(body), origin)),
    }),
  ]
}

/** A route that mails somebody on request; who has an account is not told. */
export const mailRoute = (pattern: string, summary: string, send: Accounts['sendVerificationEmail']): Route =>
  route({
    pattern,
    guard: 'anyone',
    summary,
    body: v.object({ email: text }),
    codes: { email: 'InvalidEmail' },
    reply: nil,
    run: ({ body, origin }) => done(send(body.email, origin)),
  })

/** A password, and the code of a second factor, confirm a sensitive deed; without them the session must be fresh. */
export const confirmationOf = ({ password: given, code }: NonNullable<Confirmation>): Confirmation =>
  given === undefined && code === undefined ? null : { password: given, code }
