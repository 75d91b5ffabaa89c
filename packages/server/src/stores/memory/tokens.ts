import type { TokenStore } from '../../core/store.ts'
import { copy, sweepMap } from './data.ts'
import type { MemoryData } from './data.ts'

/** Tokens that are good once. */
export function tokenDeeds(data: MemoryData): TokenStore {
  return {
    issue: (given, along) =>
      data.deed(() => {
        const [token, ride] = [copy(given), data.prepare(along)]
        data.putToken(token)
        ride()
      }),

    find: (hash, purpose, now) =>
      data.deed(() => {
        const token = data.goodToken(hash, purpose, now)
        return token ? copy(token) : null
      }),

    consume: (hash, purpose, now, along) =>
      data.deed(() => {
        const ride = data.prepare(along)
        const token = data.goodToken(hash, purpose, now)
        if (!token) return null
        data.dropToken(hash)
        ride()
        // No longer kept, so it needs no copy.
        return token
      }),

    miss: (hash, purpose, most) =>
      data.deed(() => {
        const token = data.tokens.get(hash)
        if (token?.purpose !== purpose) return
        token.tries += 1
        if (token.tries >= most) data.dropToken(hash)
      }),

    drop: (userId, purposes, issuedBefore = Infinity) =>
      data.deed(() => data.dropTokensOf(userId, token => purposes.includes(token.purpose) && token.createdAt < issuedBefore)),

    sweep: (now, limit) =>
      data.deed(() =>
        sweepMap(
          data.tokens,
          limit,
          token => token.expiresAt <= now,
          hash => data.dropToken(hash),
        ),
      ),
  }
}
