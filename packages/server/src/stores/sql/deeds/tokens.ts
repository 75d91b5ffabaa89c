/** Deeds on one-time tokens. */
import type { SecretHash } from '../../../core/session/secret.ts'
import type { Along } from '../../../core/store.ts'
import type { OneTimeToken, TokenPurpose } from '../../../core/token/one-time-token.ts'
import { toToken } from '../rows.ts'
import type { TokenRow } from '../rows.ts'
import { all, one, statement, write } from '../statement.ts'
import type { Deed } from '../statement.ts'
import { writeAlong } from './along.ts'

export function* issueToken(token: OneTimeToken, along?: Along): Deed<void> {
  yield* writeAlong({ token })
  yield* writeAlong(along)
}

export function* findToken(hash: SecretHash, purpose: TokenPurpose, now: number): Deed<OneTimeToken | null> {
  const row = yield* one(FIND, [hash, purpose, now])
  return row ? toToken(row) : null
}

export function* consumeToken(hash: SecretHash, purpose: TokenPurpose, now: number, along?: Along): Deed<OneTimeToken | null> {
  const token = yield* takeToken(hash, purpose, now)
  if (token) yield* writeAlong(along)
  return token
}

/** Deletes and returns a token that is still good. */
export function* takeToken(hash: SecretHash, purpose: TokenPurpose, now: number): Deed<OneTimeToken | null> {
  const row = yield* one(TAKE, [hash, purpose, now])
  return row ? toToken(row) : null
}

export function* missToken(hash: SecretHash, purpose: TokenPurpose, most: number): Deed<void> {
  const row = yield* one(MISS, [hash, purpose])
  if (row && row.tries >= most) yield* write(DELETE, [hash])
}

export function* dropTokens(userId: string, purposes: readonly TokenPurpose[], issuedBefore: number = Number.MAX_SAFE_INTEGER): Deed<void> {
  for (const purpose of purposes) yield* write(DROP, [userId, purpose, issuedBefore])
}

/** Drops what was sent to one address. */
export function* dropTokensTo(userId: string, address: string): Deed<void> {
  yield* write(DROP_TO, [userId, address])
}

export function* sweepTokens(now: number, limit: number): Deed<number> {
  return (yield* all(SWEEP, [now, limit])).length
}

const TOKEN_COLUMNS = 'hash, purpose, user_id, address, data, tries, created_at, expires_at'

const FIND = statement<TokenRow>(
  'tokens_find',
  ({ t }) => `select ${TOKEN_COLUMNS} from ${t.tokens} where collection = $1 and hash = $2 and purpose = $3 and expires_at > $4`,
)

export const TAKE = statement<TokenRow>(
  'tokens_take',
  ({ t }) => `delete from ${t.tokens} where collection = $1 and hash = $2 and purpose = $3 and expires_at > $4 returning ${TOKEN_COLUMNS}`,
)

const MISS = statement<{ tries: number }>(
  'tokens_miss',
  ({ t }) => `update ${t.tokens} set tries = tries + 1 where collection = $1 and hash = $2 and purpose = $3 returning tries`,
)

const DELETE = statement('tokens_delete', ({ t }) => `delete from ${t.tokens} where collection = $1 and hash = $2`)

const DROP = statement(
  'tokens_drop',
  ({ t }) => `delete from ${t.tokens} where collection = $1 and user_id = $2 and purpose = $3 and created_at < $4`,
)

const DROP_TO = statement('tokens_drop_to', ({ t }) => `delete from ${t.tokens} where collection = $1 and user_id = $2 and address = $3`)

const SWEEP = statement<{ hash: string }>(
  'tokens_sweep',
  ({ t }) => `delete from ${t.tokens} where collection = $1 and hash in (
    select hash from ${t.tokens} where collection = $1 and expires_at <= $2 order by expires_at limit $3
  ) returning hash`,
)
