/** What accounts-js lacks: my sessions, my account as a whole, and what a page must know before anybody signs in. */
import { AccountsError } from '@latchkey/common'
import * as v from 'valibot'
import type { Accounts } from '../../../core/accounts.ts'
import { done, ok, route } from '../route.ts'
import type { Route } from '../route.ts'
import { nil, nothing, publicSettings, sessionInfo, text } from '../schemas.ts'
import { CONFIRMATION, confirmation, confirmationOf } from './password.ts'

export function accountRoutes(accounts: Accounts): Route[] {
  const exported = {
    pattern: '/account/export',
    guard: 'session',
    summary: 'Everything kept about me',
    reply: v.record(v.string(), v.unknown()),
  } as const

  return [
    route({
      method: 'GET',
      pattern: '/sessions',
      guard: 'session',
      summary: 'My live sessions, most recently active first',
      reply: v.array(sessionInfo),
      run: async ({ who }) => ok(await accounts.sessions(who)),
    }),
    route({
      pattern: '/sessions/end',
      guard: 'session',
      summary: 'End one of my sessions',
      body: v.object({ sessionId: text }),
      reply: nil,
      run: async ({ body, who, credential, origin }) => {
        const ended = await accounts.endSession(who, body.sessionId, origin)
        if (!ended) throw new AccountsError('NotFound', { message: 'You have no such session', details: { field: 'sessionId' } })
        return { value: null, ended: credential.by === 'cookie' && body.sessionId === who.session.id }
      },
    }),
    route({
      pattern: '/sessions/endOthers',
      guard: 'session',
      summary: 'End all my sessions but this one',
      body: nothing,
      reply: nil,
      run: ({ who, origin }) => done(accounts.logout(who, 'others', origin)),
    }),
    route({
      pattern: '/account/delete',
      guard: 'session',
      summary: 'Delete my account',
      body: v.object(confirmation),
      codes: CONFIRMATION,
      reply: nil,
      run: async ({ body, who, credential, origin }) => {
        await accounts.deleteAccount(who, confirmationOf(body), origin)
        return { value: null, ended: credential.by === 'cookie' }
      },
    }),
    route({ ...exported, method: 'GET', run: async ({ who, origin }) => ok(await accounts.exportData(who, origin)) }),
    route({ ...exported, body: nothing, run: async ({ who, origin }) => ok(await accounts.exportData(who, origin)) }),
    route({
      method: 'GET',
      pattern: '/settings',
      guard: 'anyone',
      summary: 'What a page needs to know before anybody signs in',
      reply: publicSettings,
      quiet: true,
      run: () => ok(accounts.publicSettings()),
    }),
  ]
}
