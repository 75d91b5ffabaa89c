/** Tokens as accounts-js signs them with jsonwebtoken, and the sessions behind them, for tests. */
import { createHmac, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** The old app's secret. */
export const OLD_SECRET = 'of the old app and of nobody else, 32 bytes'

const encode = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token with a header and a payload of any kind, signed with HMAC. */
export function signedWith(
  payload: unknown,
  { header = { alg: 'HS256', typ: 'JWT' }, secret = OLD_SECRET, hash = 'sha256' }: { header?: object; secret?: string; hash?: string } = {},
): string {
  const body = `${encode(header)}.${encode(payload)}`
  return `${body}.${createHmac(hash, secret).update(body).digest('base64url')}`
}

/** The same with a private key. */
export function signedByKey(payload: unknown, alg: string, key: KeyObject): string {
  const body = `${encode({ alg, typ: 'JWT' })}.${encode(payload)}`
  const hash = alg === 'EdDSA' ? null : 'sha256'
  return `${body}.${sign(hash, Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** What accounts-js puts into an access token that lives for ninety minutes. */
export function oldPayload(token: unknown, userId: unknown, now: number, more: object = {}): Record<string, unknown> {
  const iat = Math.floor(now / 1000)
  return { data: { token, isImpersonated: false, userId }, iat, exp: iat + 5400, ...more }
}

/** Sessions as accounts-js keeps them, by their token. `asked` counts the look-ups. */
export class OldSessions {
  readonly rows = new Map<string, Record<string, unknown>>()
  asked = 0

  add(token: string, userId: unknown, more: object = {}): void {
    this.rows.set(token, { id: `old-${token}`, userId, token, valid: true, ip: '192.0.2.7', userAgent: 'Firefox', ...more })
  }

  async findSessionByToken(token: string): Promise<unknown> {
    if (typeof token !== 'string') throw new Error('something else than text reached the old database')
    this.asked += 1
    return this.rows.get(token) ?? null
  }
}
