/** Any interleaving of calls, tabs, refusals and failures: what must hold of the refresh. */
import type { LoginResult, RefreshResult, Tokens } from '@latchkey/common'
import { afterEach, expect, test, vi } from 'vitest'
import * as fc from '../../../tools/test/properties.ts'
import { makeToken } from './testing/fake-server.ts'
import { AccountsClient, AccountsClientError } from './index.ts'
import type { TransportInterface } from './index.ts'

const OUTCOMES = ['ok', 'ok', 'ok', 'lost', 'network', '500', '503', '429', 'garbage', 'refused'] as const
type Outcome = (typeof OUTCOMES)[number]

const user = { id: 'u1', emails: [], deactivated: false }

/** A server that keeps one session, its successor rule included: the spent secret is good until the next one is used. */
class World {
  count = 0
  good = new Set<string>()
  ended = false
  refusalsSent = 0
  asking = 0
  mostAsking = 0
  /** Order in which waiting requests and storage answers come through. */
  readonly scheduler: fc.Scheduler
  readonly outcomes: Outcome[]
  readonly storage = new Map<string, string>()

  constructor(scheduler: fc.Scheduler, outcomes: Outcome[]) {
    this.scheduler = scheduler
    this.outcomes = outcomes
    stubBrowserLocks()
  }

  open(): Tokens {
    this.ended = false
    const tokens = this.pair()
    this.good = new Set([tokens.refreshToken])
    return tokens
  }

  pair(): Tokens {
    const number = ++this.count
    return { accessToken: makeToken(`a${number}`), refreshToken: makeToken(`r${number}`) }
  }

  async refresh(refreshToken: string): Promise<RefreshResult> {
    this.mostAsking = Math.max(this.mostAsking, ++this.asking)
    const outcome = this.outcomes.shift() ?? 'ok'
    await this.scheduler.schedule(Promise.resolve(), `answer ${outcome}`)
    this.asking--
    if (outcome === 'refused') this.ended = true
    if (outcome === 'network') throw new AccountsClientError('down', 'NetworkError')
    if (outcome === '500') throw new AccountsClientError('oops', 'InternalError', { status: 500 })
    if (outcome === '503') throw new AccountsClientError('busy', 'InvalidSession', { status: 503 })
    if (outcome === '429') throw new AccountsClientError('slow down', 'TooManyAttempts', { status: 429 })
    // What a captive portal answers. Not a RefreshResult, on purpose.
    if (outcome === 'garbage') return {} as RefreshResult
    if (this.ended || !this.good.has(refreshToken)) {
      this.refusalsSent++
      throw new AccountsClientError('over', 'InvalidSession', { status: 400 })
    }
    const tokens = this.pair()
    this.good = new Set([refreshToken, tokens.refreshToken])
    if (outcome === 'lost') throw new AccountsClientError('cut off', 'NetworkError')
    return { sessionId: 's', tokens, user, infos: { ip: '', userAgent: '' } }
  }

  newTab(): AccountsClient {
    const slowly = async <T>(label: string, act: () => T): Promise<T> => {
      await this.scheduler.schedule(Promise.resolve(), label)
      return act()
    }
    const transport: Partial<TransportInterface> = {
      refreshTokens: (_, refreshToken) => this.refresh(refreshToken),
      loginWithService: async (): Promise<LoginResult> => ({ sessionId: 's', tokens: this.open(), user }),
      logout: async () => {
        this.ended = true
      },
    }
    const tokenStorage = {
      getItem: (key: string) => slowly('get', () => this.storage.get(key) ?? null),
      setItem: (key: string, value: string) => slowly('set', () => void this.storage.set(key, value)),
      removeItem: (key: string) => slowly('remove', () => void this.storage.delete(key)),
    }
    // Only the three methods above are called.
    return new AccountsClient({ tokenStorage }, transport as TransportInterface)
  }
}

type Work = () => Promise<unknown>

/** Web Locks in small: what all tabs of a browser share. One is taken in turns; the shared ones are granted at once, and held to the end of the run. */
function stubBrowserLocks(): void {
  let last: Promise<unknown> = Promise.resolve()
  const held: { name: string }[] = []
  const request = async (name: string, ...rest: [Work] | [LockOptions, Work]): Promise<unknown> => {
    if (rest.length === 2) {
      held.push({ name })
      return rest[1]()
    }
    const turn = last.then(rest[0])
    last = turn.catch(() => {})
    return turn
  }
  vi.stubGlobal('window', {})
  vi.stubGlobal('navigator', { locks: { request, query: async () => ({ held }) } })
}

afterEach(() => {
  vi.unstubAllGlobals()
})

const ACTIONS = ['call', 'call', 'refused call', 'force'] as const
const act = async (tab: AccountsClient, action: (typeof ACTIONS)[number] | 'login' | 'logout'): Promise<unknown> => {
  if (action === 'login') return tab.loginWithService('password', {})
  if (action === 'logout') return tab.logout()
  if (action === 'refused call') {
    const tokens = await tab.getTokens()
    return tokens && tab.replaceTokens(tokens.accessToken)
  }
  return tab.refreshSession(action === 'force')
}

const steps = <Action>(...actions: Action[]) =>
  fc.array(fc.record({ tab: fc.nat(1), action: fc.constantFrom(...actions) }), { minLength: 1, maxLength: 10 })
const outcomes = fc.array(fc.constantFrom(...OUTCOMES), { maxLength: 12 })

test('nobody is signed out without a definite refusal, and never are two refreshes under way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), outcomes, steps(...ACTIONS), async (scheduler, outcomes, plan) => {
      const world = new World(scheduler, outcomes)
      const tabs = [world.newTab(), world.newTab()] as const
      await scheduler.waitFor(tabs[0].setTokens(world.open()))

      const running = plan.map(({ tab, action }) => act(tabs[tab === 0 ? 0 : 1], action).catch(() => {}))
      await scheduler.waitFor(Promise.all(running))

      expect(world.mostAsking).toBeLessThanOrEqual(1)
      const kept = await scheduler.waitFor(tabs[1].getTokens())
      // Gone exactly when the server refused
      expect(kept === null).toBe(world.refusalsSent > 0)

      // And with the network back, what was kept works
      outcomes.length = 0
      const fresh = await scheduler.waitFor(tabs[0].refreshSession(true))
      const alive = kept !== null && !world.ended
      expect(fresh !== null && world.good.has(fresh.refreshToken)).toBe(alive)
      expect(fresh === null).toBe(!alive)
    }),
    { numRuns: 300 },
  )
})

test('signing in and out amid refreshes: the pair in the storage is never a mixture, and the last sign-in works', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      outcomes,
      steps(...ACTIONS, 'login' as const, 'logout' as const),
      async (scheduler, outcomes, plan) => {
        const world = new World(scheduler, outcomes)
        const tabs = [world.newTab(), world.newTab()] as const
        const running = plan.map(({ tab, action }) => act(tabs[tab === 0 ? 0 : 1], action).catch(() => {}))
        await scheduler.waitFor(Promise.all(running))

        expect(world.mostAsking).toBeLessThanOrEqual(1)
        const kept = await scheduler.waitFor(tabs[0].getTokens())
        const number = (token = ''): string | undefined => /"jti":".(\d+)"/.exec(atob(token.split('.')[1] ?? ''))?.[1]
        expect(number(kept?.accessToken)).toBe(number(kept?.refreshToken))

        await scheduler.waitFor(tabs[1].loginWithService('password', {}))
        outcomes.length = 0
        const fresh = await scheduler.waitFor(tabs[0].refreshSession(true))
        expect(world.good).toContain(fresh?.refreshToken)
      },
    ),
    { numRuns: 300 },
  )
})
