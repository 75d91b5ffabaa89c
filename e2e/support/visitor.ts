/** Ada, who has a password, and what she and others do with it over HTTP. */
import type { AccountsServerOptions } from '@latchkey/server'
import { post } from './call.ts'
import type { Answer } from './call.ts'
import { rawCaller } from './raw-call.ts'

export const ADA = 'ada@example.org'
export const PASSWORD = 'correct horse battery staple'
export const NEW_PASSWORD = 'a rather different sentence'

const PLENTY = { limit: 1_000_000_000 }

/** Everything is counted as ever, and nothing is ever too much: for what a limit would cut short. */
export const UNLIMITED: Pick<AccountsServerOptions, 'limits' | 'lockout'> = {
  limits: {
    login: { address: PLENTY, account: PLENTY, process: PLENTY },
    register: { address: PLENTY, process: PLENTY },
    mail: { address: PLENTY, account: PLENTY },
    token: { address: PLENTY },
  },
  lockout: { free: PLENTY.limit },
}

export interface Tokens {
  accessToken: string
  refreshToken: string
}

export async function signIn(url: string, password: string = PASSWORD, user: string = ADA): Promise<Tokens> {
  return tokensOf((await post(url, 'password/authenticate', { user, password })).body)
}

/** The secret in the cookie of a fresh sign-in. */
export async function cookieOf(url: string): Promise<string> {
  const caller = rawCaller(url)
  const page = { origin: url, 'x-latchkey-session': 'cookie' }
  const { headers } = await caller.post('password/authenticate', { user: ADA, password: PASSWORD }, page)
  caller.close()
  return /latchkey-3000=([\w-]{43})/.exec(headers)?.[1] ?? ''
}

/** The address of whose token it is; null when it is nobody's any more. */
export async function who(url: string, token: string): Promise<string | null> {
  const { status, body } = await post(url, 'user', {}, token)
  if (status !== 200) throw new Error(`the server could not tell who that is: ${status}`)
  return body?.emails?.[0]?.address ?? null
}

export function tokensOf(answer: Answer): Tokens {
  if (!answer?.tokens) throw new Error(`no tokens: ${JSON.stringify(answer)}`)
  return answer.tokens
}

/** What a token says, signed or not. */
export const payload = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
