import type { Along, SessionsAlone, Store, UsersAlone } from '../../core/store.ts'

/** What the store of users must bring. Every whole store brings more. */
export type UsersPart = Pick<
  Store,
  'name' | 'open' | 'close' | 'ping' | 'users' | 'tokens' | 'outbox' | 'audit' | 'services' | 'bus' | 'usersAlone' | 'inCollection'
>

/** What the store of sessions must bring. Every whole store brings more. */
export type SessionsPart = Pick<
  Store,
  'name' | 'open' | 'close' | 'ping' | 'sessions' | 'attempts' | 'audit' | 'bus' | 'sessionsAlone' | 'inCollection'
>

/** Both, and their halves of the deeds that cross. */
export interface Parts {
  users: UsersPart
  sessions: SessionsPart
  usersAlone: UsersAlone
  sessionsAlone: SessionsAlone
}

/** The part of what rides along with a deed on sessions that is kept with them. */
export const auditOf = (along: Along | undefined): Along => (along?.audit ? { audit: along.audit } : {})

/** Writes the rest of it, mail and token, where users are kept. */
export async function deliver({ tokens, outbox }: UsersPart, { mail = [], token }: Along = {}): Promise<void> {
  if (token) await tokens.issue(token, { mail })
  else if (mail.length > 0) await outbox.add(mail)
}
