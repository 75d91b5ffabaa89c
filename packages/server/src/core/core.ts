import type { ErrorCode } from '@latchkey/common'
import type { Hooks } from './hooks.ts'
import type { Keys } from './keys.ts'
import type { Later } from './later.ts'
import type { Outbox } from './mail/outbox.ts'
import type { ExternalLogins } from './policy/external-logins.ts'
import type { NewUsers } from './policy/new-user.ts'
import type { RateLimiter } from './policy/rate-limit.ts'
import type { PasswordHasher, Ports } from './ports.ts'
import type { AccessTokens } from './session/access-token.ts'
import type { Activity } from './session/activity.ts'
import type { EarlierTokens } from './session/earlier-token.ts'
import type { SessionCache } from './session/session-cache.ts'
import type { Settings } from './settings.ts'
import type { Store } from './store.ts'
import type { SecondFactor, Strategy } from './strategy.ts'
import type { Watchers } from './watch.ts'

/** The parts a flow works with, handed to it as its first argument. Made by `Accounts`. */
export interface Core extends Ports {
  readonly settings: Settings
  readonly store: Store
  readonly keys: Keys
  readonly hooks: Hooks
  /** The app's say in who becomes a user. */
  readonly newUsers: NewUsers
  /** The app's say in sign-ins through providers. */
  readonly externalLogins: ExternalLogins
  readonly cache: SessionCache
  /** Those who want to hear at once that a user or their sessions changed. */
  readonly watchers: Watchers
  readonly activity: Activity
  readonly accessTokens: AccessTokens
  /** Tokens of the system that was here before, while they are taken. */
  readonly earlierTokens: EarlierTokens | undefined
  readonly limiter: RateLimiter
  readonly outbox: Outbox
  /** What is done after an answer. */
  readonly later: Later
  readonly strategies: ReadonlyMap<string, Strategy>
  readonly factors: ReadonlyMap<string, SecondFactor>
  /** The app's own texts for errors; undefined when it has none. */
  readonly messages: Readonly<Partial<Record<ErrorCode, string>>> | undefined
  /** Undefined when no strategy brings passwords. */
  readonly passwords: PasswordHasher | undefined
}
