/** What only a real browser has: tabs that share a storage, Web Locks, messages between tabs, a network that can be cut. */
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import type { Rolldown } from 'vite'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { BROWSERS_TAKE_TIME, chromiumOptions, hasChromium } from '../../../tools/test/chromium.ts'
import { FakeServer } from './testing/fake-server.ts'
import type { AccountsClient, AccountsClientPassword } from './index.ts'

declare global {
  /** Made by the page below. */
  var accounts: AccountsClient
  var password: AccountsClientPassword
  var heard: string[]
}

const PAGE = `<!doctype html><title>tab</title><script type="module">
import { AccountsClient, AccountsClientPassword, RestClient } from '/client.js'
globalThis.accounts = new AccountsClient({}, new RestClient())
globalThis.password = new AccountsClientPassword(accounts)
globalThis.heard = []
accounts.state.subscribe(({ status }) => heard.push(status))
document.title = 'ready'
</script>`

describe.skipIf(!hasChromium)('in a browser', BROWSERS_TAKE_TIME, () => {
  let browser: Browser
  let script = ''
  beforeAll(async () => {
    const options = chromiumOptions()
    // A name that is not the own machine's: browsers keep Web Locks from such pages while they come over plain http.
    browser = await chromium.launch({ ...options, args: [...(options.args ?? []), '--host-resolver-rules=MAP accounts.test 127.0.0.1'] })
    const bundled = await build({
      configFile: false,
      logLevel: 'error',
      resolve: { conditions: ['latchkey-source'] },
      build: { write: false, lib: { entry: fileURLToPath(new URL('./index.ts', import.meta.url)), formats: ['es'] } },
    })
    // One entry, one format: one output
    script = (bundled as Rolldown.RolldownOutput[])[0]?.output[0].code ?? ''
  })
  afterAll(async () => {
    await browser.close()
  })

  /** A server, and two tabs of one browser. */
  async function newWorld(host = '127.0.0.1') {
    const server = await new FakeServer().start()
    const context = await browser.newContext()
    context.setDefaultTimeout(20_000)
    onTestFinished(async () => {
      await context.close()
      await server[Symbol.asyncDispose]()
    })
    const url = server.url.replace('127.0.0.1', host)
    const newTab = async (): Promise<Page> => {
      server.next('/', { raw: PAGE, headers: { 'content-type': 'text/html' } })
      server.next('/client.js', { raw: script, headers: { 'content-type': 'text/javascript' } })
      const page = await context.newPage()
      await page.goto(`${url}/`)
      await page.waitForFunction(() => document.title === 'ready')
      return page
    }
    return { server, context, tabs: [await newTab(), await newTab()] as const }
  }

  const signIn = (tab: Page): Promise<unknown> => tab.evaluate(() => password.login({ user: 'ada', password: 'correct horse' }))
  const accessTokenOf = (tab: Page): Promise<string> => tab.evaluate(async () => (await accounts.getTokens())?.accessToken ?? '')
  const becomes = async (tab: Page, status: string): Promise<void> => {
    await tab.waitForFunction(wanted => accounts.state.get().status === wanted, status)
  }

  test.each([
    ['with Web Locks', '127.0.0.1', true],
    ['where there are none', 'accounts.test', false],
  ])('two tabs that need fresh tokens at once ask once, %s', async (_, host, hasLocks) => {
    const { server, tabs } = await newWorld(host)
    expect(await tabs[0].evaluate(() => 'locks' in navigator)).toBe(hasLocks)
    await signIn(tabs[0])
    await becomes(tabs[1], 'signedIn')
    // Read once: a tab that came late would otherwise read the fresh token, and rightly have that one replaced
    const refused = await accessTokenOf(tabs[0])
    const pairs = await Promise.all(
      tabs.map(tab => tab.evaluate(token => Promise.all([1, 2, 3].map(() => accounts.replaceTokens(token))), refused)),
    )
    expect(server.asked('refreshTokens')).toBe(1)
    expect(new Set(pairs.flat().map(pair => pair?.accessToken)).size).toBe(1)
  })

  test('a tab that gets the lock before it sees what the other one wrote waits for it', async () => {
    const { server, tabs } = await newWorld()
    await signIn(tabs[0])
    await becomes(tabs[1], 'signedIn')
    const refused = await accessTokenOf(tabs[0])
    // A storage that lags: its next reads give what is there now
    await tabs[1].evaluate(() => {
      const seen = new Map<string, unknown>(Object.entries(localStorage))
      let left = 20
      Storage.prototype.getItem = function (key) {
        const value: unknown = left-- > 0 ? seen.get(key) : this[key]
        return typeof value === 'string' ? value : null
      }
    })
    const first = await tabs[0].evaluate(token => accounts.replaceTokens(token), refused)
    expect(await tabs[1].evaluate(token => accounts.replaceTokens(token), refused)).toEqual(first)
    expect(server.asked('refreshTokens')).toBe(1)
  })

  test('a tab follows the other one in and out', async () => {
    const { tabs } = await newWorld()
    await becomes(tabs[1], 'signedOut')
    await signIn(tabs[0])
    await becomes(tabs[1], 'signedIn')
    await tabs[0].evaluate(() => accounts.logout())
    await becomes(tabs[1], 'signedOut')
    expect(await tabs[1].evaluate(() => heard)).toEqual(['loading', 'signedOut', 'signedIn', 'signedOut'])
  })

  test('a tab notices when accounts-js’s own client in another one drops the tokens', async () => {
    const { tabs } = await newWorld()
    await signIn(tabs[0])
    await becomes(tabs[1], 'signedIn')
    await tabs[0].evaluate(() => localStorage.clear())
    await becomes(tabs[1], 'signedOut')
    expect(await tabs[1].evaluate(() => accounts.getUser())).toBeNull()
  })

  test('a cut network signs nobody out', async () => {
    const { context, tabs } = await newWorld()
    await signIn(tabs[0])
    await context.setOffline(true)
    const failed = await tabs[0].evaluate(() => accounts.refreshSession(true).catch((error: { code?: unknown }) => error.code))
    expect(failed).toBe('NetworkError')
    expect(await tabs[0].evaluate(() => [accounts.state.get().status, localStorage.length])).toEqual(['signedIn', 2])
    await context.setOffline(false)
    expect(await tabs[0].evaluate(async () => (await accounts.refreshSession(true)) !== null)).toBe(true)
  })
})
