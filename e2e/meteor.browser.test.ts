/** One page, two accounts servers, a real browser: neither client disturbs the other, and both are seen by React. */
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { AccountsClient } from '@latchkey/client/meteor'
import { bundle } from '../tools/test/bundle.ts'
import { BROWSERS_TAKE_TIME, chromiumOptions, hasChromium } from '../tools/test/chromium.ts'
import { PASSWORD, startMeteor } from './support/meteor.ts'

declare global {
  /** Made by the page: of its own server, and of the other one. */
  var own: AccountsClient
  var other: AccountsClient
}

const page = (otherUrl: string): string => `<!doctype html><title>loading</title><p id="own"></p><p id="other"></p><script type="module">
import { start } from '/page.js'
start('${otherUrl}')
</script>`

describe.skipIf(!hasChromium)('in a browser', BROWSERS_TAKE_TIME, () => {
  let browser: Browser
  let script = ''
  beforeAll(async () => {
    browser = await chromium.launch(chromiumOptions())
    script = await bundle(fileURLToPath(new URL('./support/meteor-page.ts', import.meta.url)), { 'process.env.NODE_ENV': '"production"' })
  })
  afterAll(async () => {
    await browser.close()
  })

  async function newWorld() {
    const other = await startMeteor()
    const own = await startMeteor(
      {},
      {
        onRequest(request, response) {
          const isScript = request.url === '/page.js'
          response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
          response.end(isScript ? script : page(other.url))
        },
      },
    )
    const context = await browser.newContext()
    context.setDefaultTimeout(20_000)
    onTestFinished(async () => {
      await context.close()
      await own[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
    })
    const newTab = async (hash = ''): Promise<Page> => {
      const tab = await context.newPage()
      await tab.goto(`${own.url}/${hash}`)
      await tab.waitForFunction(() => document.title === 'ready')
      return tab
    }
    const keysOf = (tab: Page): Promise<string[]> => tab.evaluate(() => Object.keys(localStorage).toSorted())
    return { own, other, newTab, keysOf, suffix: `:${other.url}` }
  }

  const shows = async (tab: Page, id: 'own' | 'other', text: string): Promise<void> => {
    await tab.locator(`#${id}`, { hasText: text }).waitFor()
  }

  test('two clients to two servers sign in, are shown and sign out each by itself, over reloads', async () => {
    const { own, other, newTab, keysOf, suffix } = await newWorld()
    await own.createUser('ada')
    await other.createUser('bob')
    const tab = await newTab()
    await shows(tab, 'own', 'nobody')
    await tab.evaluate(password => globalThis.own.loginWithPassword('ada', password), PASSWORD)
    await shows(tab, 'own', 'ada')
    await shows(tab, 'other', 'nobody')
    expect(await keysOf(tab)).toEqual(['Meteor.loginToken', 'Meteor.loginTokenExpires', 'Meteor.userId'])
    await tab.evaluate(password => globalThis.other.loginWithPassword('bob', password), PASSWORD)
    await shows(tab, 'other', 'bob')
    await shows(tab, 'own', 'ada')
    const plain = ['Meteor.loginToken', 'Meteor.loginTokenExpires', 'Meteor.userId']
    expect(await keysOf(tab)).toEqual([...plain, ...plain.map(key => key + suffix)].toSorted())

    await tab.reload()
    await shows(tab, 'own', 'ada')
    await shows(tab, 'other', 'bob')
    await tab.evaluate(() => globalThis.own.logout())
    await shows(tab, 'own', 'nobody')
    await shows(tab, 'other', 'bob')
    expect(await keysOf(tab)).toEqual(plain.map(key => key + suffix))
  })

  test('a second tab follows the first one in and out', async () => {
    const { own, newTab, keysOf } = await newWorld()
    await own.createUser('ada')
    const [first, second] = [await newTab(), await newTab()]
    await first.evaluate(password => globalThis.own.loginWithPassword('ada', password), PASSWORD)
    await shows(second, 'own', 'ada')
    await second.evaluate(() => globalThis.own.logout())
    await shows(first, 'own', 'nobody')
    expect(await keysOf(first)).toEqual([])
  })

  test('a page that is opened by a link hands its token over, and leaves none in its address', async () => {
    const { newTab } = await newWorld()
    const tab = await newTab('#/reset-password/secret-1')
    expect(await tab.evaluate(() => globalThis.own._resetPasswordToken)).toBe('secret-1')
    expect(new URL(tab.url()).hash).toBe('')
  })

  test('a session that ends on the one server ends in the page, and the one of the other server goes on', async () => {
    const { own, other, newTab, keysOf, suffix } = await newWorld()
    const id = await own.createUser('ada')
    await other.createUser('bob')
    const tab = await newTab()
    await tab.evaluate(password => globalThis.own.loginWithPassword('ada', password), PASSWORD)
    await tab.evaluate(password => globalThis.other.loginWithPassword('bob', password), PASSWORD)
    await shows(tab, 'own', 'ada')
    await own.accounts.setPasswordAsync(id, 'another long one')
    await shows(tab, 'own', 'nobody')
    await shows(tab, 'other', 'bob')
    expect(await tab.evaluate(async () => typeof (await globalThis.other.connection.call('getNewToken')))).toBe('object')
    expect((await keysOf(tab)).every(key => key.endsWith(suffix))).toBe(true)
    expect(await keysOf(tab)).toHaveLength(3)
  })
})
