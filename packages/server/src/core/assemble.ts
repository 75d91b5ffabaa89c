/** Puts the parts of one `Accounts` together, and opens and closes them in order. */
import { AccountsError } from '@latchkey/common'
import type { Core } from './core.ts'
import { PENDING_LOGIN, pendingLoginStrategy } from './flows/second-factor.ts'
import { Hooks } from './hooks.ts'
import { withServices } from './identity/services.ts'
import { Keys } from './keys.ts'
import { Later } from './later.ts'
import { Outbox } from './mail/outbox.ts'
import { liveSettings } from './live-settings.ts'
import type { LiveSettings } from './live-settings.ts'
import { ExternalLogins } from './policy/external-logins.ts'
import { NewUsers } from './policy/new-user.ts'
import { RateLimiter } from './policy/rate-limit.ts'
import type { Ports } from './ports.ts'
import { AccessTokens } from './session/access-token.ts'
import { Activity } from './session/activity.ts'
import type { EarlierTokens } from './session/earlier-token.ts'
import { SessionCache } from './session/session-cache.ts'
import { isStrongSecret } from './settings.ts'
import type { GivenSettings, Settings } from './settings.ts'
import type { Store } from './store.ts'
import type { SecondFactor, Strategy } from './strategy.ts'
import { Sweeper } from './sweeper.ts'
import { Watchers } from './watch.ts'

/** What an `Accounts` is made of. */
export interface AccountsParts {
  settings: GivenSettings
  store: Store
  /** Ways to sign in, by the name they have on the wire. */
  strategies: Record<string, Strategy>
  factors?: readonly SecondFactor[]
  /** Access tokens of the system that was here before, to be taken for a while. @default none */
  earlierTokens?: EarlierTokens | undefined
  ports: Ports
}

/** The core with its switch. */
export interface AssembledCore extends Pick<LiveSettings, 'configure'> {
  core: Core
  /** Adds a way to sign in after the others. @throws AccountsError `InvalidSettings` when there is one of that name */
  addStrategy(name: string, strategy: Strategy): void
  ready(): Promise<void>
  isReady(): boolean
  /** Deletes what is over, now. Done by itself from time to time. */
  sweep(): Promise<void>
  stop(): Promise<void>
}

export function assembleCore({
  settings: given,
  store: kept,
  strategies: services,
  factors = [],
  earlierTokens,
  ports,
}: AccountsParts): AssembledCore {
  const strategies = new Map(Object.entries(services))
  if (strategies.has(PENDING_LOGIN))
    throw new AccountsError('InvalidSettings', {
      message: `No service can be named "${PENDING_LOGIN}": logins answer their second factor there`,
    })
  const { settings, configure } = liveSettings(given, () => passwordSettings(strategies))
  if (typeof settings.tokenSecret === 'string' && !isStrongSecret(settings.tokenSecret)) {
    ports.log.warn({}, 'tokenSecret is weak: fine on a laptop, refused in production. Make one: npx latchkey secret')
  }
  if (earlierTokens) tellOf(earlierTokens, settings, ports)
  const store = settings.useInternalUserObjectSanitizer ? kept : withServices(kept)
  const keys = new Keys(settings)
  const parts = { ...ports, settings, store, keys, earlierTokens }
  const core: Core = {
    ...parts,
    hooks: new Hooks(ports.log),
    newUsers: new NewUsers(),
    externalLogins: new ExternalLogins(),
    cache: new SessionCache({ size: settings.cacheSize, bus: store.bus }),
    watchers: new Watchers({ bus: store.bus, timers: ports.timers }),
    activity: new Activity({ store: store.sessions, log: ports.log }),
    accessTokens: new AccessTokens(parts),
    limiter: new RateLimiter(parts),
    outbox: new Outbox(parts),
    later: new Later(ports),
    strategies,
    factors: new Map(factors.map(factor => [factor.kind, factor])),
    messages: messagesOf([...strategies.values(), ...factors]),
    passwords: [...strategies.values()].find(strategy => strategy.hasher)?.hasher,
  }
  if (factors.length > 0)
    strategies.set(
      PENDING_LOGIN,
      pendingLoginStrategy(() => core),
    )
  for (const part of [...strategies.values(), ...factors]) part.attach?.(core)
  return {
    core,
    configure,
    addStrategy(name, strategy) {
      if (strategies.has(name))
        throw new AccountsError('InvalidSettings', { message: `There is a service with the name "${name}" already` })
      strategies.set(name, strategy)
      strategy.attach?.(core)
    },
    ...switchOf(core),
  }
}

/** Said once at each start, so that it is not forgotten. */
function tellOf({ name, until }: EarlierTokens, { micro }: Settings, { clock, log }: Ports): void {
  if (micro)
    throw new AccountsError('InvalidSettings', { message: 'micro looks at no session, so it cannot take tokens of before the switch' })
  const date = new Date(until).toISOString()
  if (clock.now() < until)
    log.warn({ tokens: name, until }, `tokens of before the switch are taken until ${date}, where their session is live`)
  else log.warn({ tokens: name, until }, `tokens of before the switch are not taken any more, since ${date}: the option can go`)
}

function passwordSettings(strategies: ReadonlyMap<string, Strategy>): GivenSettings['password'] {
  return [...strategies.values()].find(strategy => strategy.passwordSettings)?.passwordSettings ?? {}
}

/** The texts of all strategies and factors together, or undefined when none changes any. */
function messagesOf(parts: readonly Pick<Strategy, 'messages'>[]): Core['messages'] {
  const texts = Object.assign({}, ...parts.map(({ messages }) => messages)) as NonNullable<Core['messages']>
  return Object.keys(texts).length === 0 ? undefined : texts
}

/** Milliseconds that a stop waits for what is done after answers: as long as for requests. */
const LATEST = 10_000

/** `ready` and `stop`, each done once however often it is called. A stopped one refuses further use. */
function switchOf(core: Core): Pick<AssembledCore, 'ready' | 'isReady' | 'sweep' | 'stop'> {
  const sweeper = new Sweeper(core)
  let opened: Promise<void> | undefined
  let isReady = false
  let closed: Promise<void> | undefined

  const open = async (): Promise<void> => {
    await core.store.open()
    await core.store.bus?.open()
    core.activity.start(core.timers)
    core.outbox.start()
    sweeper.start()
    isReady = true
  }
  const close = async (): Promise<void> => {
    isReady = false
    // A start that failed left nothing to finish, but may have left something to close.
    await opened?.catch(() => {})
    await core.later.settled(LATEST)
    await core.outbox.stop()
    await sweeper.stop()
    await core.activity.stop()
    core.watchers.close()
    core.cache.close()
    await core.store.bus?.close()
    await core.store.close()
  }
  return {
    isReady: () => isReady,
    sweep: () => sweeper.sweep(),
    ready() {
      if (closed)
        return Promise.reject(new AccountsError('InvalidSettings', { message: 'This AccountsServer was stopped. Make a new one' }))
      // A start that failed may be tried again.
      opened ??= open().catch((error: unknown) => {
        opened = undefined
        throw error
      })
      return opened
    },
    stop() {
      closed ??= close()
      return closed
    },
  }
}
