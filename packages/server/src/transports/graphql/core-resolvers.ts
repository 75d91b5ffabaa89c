/** Signing in and out, and asking who one is: accounts-js's core module, and what it lacks. */
import { AccountsError, isAccountsError } from '@latchkey/common'
import type { Confirmation, Login } from '../../core/accounts.ts'
import type { GraphQLCall } from './context.ts'
import { field, knowingField, nothing, ownField } from './field.ts'
import type { Desk, ResolverPart } from './field.ts'

interface ServiceArgs {
  serviceName: string
  params: Record<string, unknown>
}

/** A login as the schema shows it. The browser's cookies go along. */
export async function openedIn({ accounts, contexts }: Desk, call: GraphQLCall, login: Login, mode: 'bearer' | 'cookie'): Promise<object> {
  await contexts.opened(call, login, mode)
  return accounts.loginResult(login)
}

/** accounts-js's fields. */
export function coreResolvers(desk: Desk): ResolverPart {
  const { accounts, contexts } = desk
  return {
    queries: {
      getUser: field(desk, async ({ call }) => call.user),
    },
    mutations: {
      // A login is told which session it comes from: a device that is signed in is not locked out by guesses made elsewhere.
      authenticate: knowingField<ServiceArgs>(desk, async ({ args, call }) => {
        const mode = contexts.modeOf(call)
        return openedIn(desk, call, await accounts.login(args.serviceName, args.params, call.origin, mode), mode)
      }),
      verifyAuthentication: field<ServiceArgs>(desk, async ({ args, call }) => {
        await accounts.prove(args.serviceName, args.params, call.origin)
        return true
      }),
      refreshTokens: field<{ accessToken: string; refreshToken: string }>(desk, async ({ args, call }) =>
        accounts.loginResult(await accounts.refresh(args.accessToken, args.refreshToken, call.origin)),
      ),
      logout: field(desk, async ({ call, context }) => {
        if (call.credential.by === 'token') await accounts.logoutByToken(call.credential.value, call.origin)
        else if (call.credential.by === 'cookie') await logoutByCookie(desk, call, call.credential.value)
        contexts.become(context, call, null)
      }),
      impersonate: field<{ accessToken: string; impersonated: object }>(desk, async ({ args, call, context }) => {
        const outcome = await accounts.impersonate(args.accessToken, args.impersonated, call.origin)
        if (!outcome.authorized) return { authorized: false }
        contexts.become(context, call, outcome.login)
        const { tokens, user } = accounts.loginResult(outcome.login)
        return { authorized: true, tokens, user }
      }),
    },
  }
}

/** Also when the session is over already: the error says so, and the cookie, which is good for nothing, goes. */
async function logoutByCookie({ accounts, contexts }: Desk, call: GraphQLCall, secret: string): Promise<void> {
  try {
    await accounts.logout(await accounts.checkResume(secret), 'this', call.origin)
    contexts.ended(call)
  } catch (error) {
    if (isAccountsError(error) && error.code === 'InvalidSession') contexts.ended(call)
    throw error
  }
}

/** What confirms a sensitive deed. */
export interface Confirming {
  password?: string
  code?: string
}

/** A password, and a code where there is a second factor; without either the session must be fresh. */
export const confirmationOf = ({ password, code }: Confirming): Confirmation =>
  password === undefined && code === undefined ? null : { password, code }

/** What accounts-js lacks. */
export function coreAdditions(desk: Desk): ResolverPart {
  const { accounts, contexts } = desk
  return {
    queries: {
      accountsSettings: field(desk, async () => accounts.publicSettings()),
      accountsSessions: ownField(desk, ({ who }) => accounts.sessions(who)),
      accountsExport: ownField(desk, async ({ who, call }) => JSON.stringify(await accounts.exportData(who, call.origin))),
    },
    mutations: {
      endSession: ownField<{ sessionId: string }>(desk, async ({ args: { sessionId }, who, call, context }) => {
        if (!(await accounts.endSession(who, sessionId, call.origin))) {
          throw new AccountsError('NotFound', { message: 'You have no such session', details: { field: 'sessionId' } })
        }
        if (sessionId !== who.session.id) return
        contexts.ended(call)
        contexts.become(context, call, null)
      }),
      endOtherSessions: ownField(desk, ({ who, call }) => nothing(accounts.logout(who, 'others', call.origin))),
      deleteAccount: ownField<Confirming>(desk, async ({ args, who, call, context }) => {
        await accounts.deleteAccount(who, confirmationOf(args), call.origin)
        contexts.ended(call)
        contexts.become(context, call, null)
      }),
    },
  }
}

/** Accounts elsewhere. */
export function oauthAdditions(desk: Desk): ResolverPart {
  const { accounts } = desk
  return {
    queries: {
      linkedAccounts: ownField(desk, ({ who }) => accounts.linkedProviders(who)),
    },
    mutations: {
      linkAccount: ownField<Confirming & { params: object }>(desk, ({ args, who, call }) =>
        nothing(accounts.link(who, args.params, confirmationOf(args), call.origin)),
      ),
      unlinkAccount: ownField<Confirming & { provider: string }>(desk, ({ args, who, call }) =>
        nothing(accounts.unlink(who, args.provider, confirmationOf(args), call.origin)),
      ),
    },
  }
}
