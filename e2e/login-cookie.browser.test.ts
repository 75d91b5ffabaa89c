/** A page whose login is in a cookie that no script can read, in a real browser. */
import { fileURLToPath } from 'node:url'
import { loginCookies } from '@latchkey/server/meteor-http'
import type { LoginCookieOptions } from '@latchkey/server/meteor-http'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { AccountsClient } from '@latchkey/client/meteor'
import { bundle } from '../tools/test/bundle.ts'
import { BROWSERS_TAKE_TIME, chromiumOptions, hasChromium } from '../tools/test/chromium.ts'
import { PASSWORD, startMeteor } from './support/meteor.ts'
import type { MeteorServer } from './support/meteor.ts'

declare global {
  /** Made by the page. */
  var own: AccountsClient
}

describe.skipIf(!hasChromium)('a login in a cookie', BROWSERS_TAKE_TIME, () => {
  let browser: Browser
  let script = ''
  beforeAll(async () => {
    browser = await chromium.launch(chromiumOptions())
    script = await bundle(fileURLToPath(new URL('./support/cookie-page.ts', import.meta.url)))
  })
  afterAll(() => browser.close())

  test.each([
    ['handed back to the page when it loads', true],
    ['shown to no script again', false],
  ])('survives a reload, is in no storage, and goes with the sign-out: %s', async (_how, handOut) => {
    const { server, context, open } = await world({ handOut })
    await server.createUser('ada')
    const tab = await open()
    await shows(tab, 'nobody')
    await tab.evaluate(password => globalThis.own.loginWithPassword('ada', password), PASSWORD)
    await shows(tab, 'ada')
    await until(async () => (await cookie(context)) !== undefined)
    expect(await cookie(context)).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
    expect(await tab.evaluate(() => [document.cookie, Object.keys(localStorage), Object.keys(sessionStorage)])).toEqual(['', [], []])

    const again = await open()
    await shows(again, 'ada')
    expect(await again.evaluate(async () => typeof (await globalThis.own.connection.call('latchkey.sessions')))).toBe('object')
    await again.evaluate(() => globalThis.own.logout())
    await shows(again, 'nobody')
    await until(async () => (await cookie(context)) === undefined)
    // The first tab's session was the same one.
    await shows(tab, 'nobody')
    await again.reload()
    await shows(again, 'nobody')
  })

  test('of a session that ended while the page was closed lets nobody in', async () => {
    const { server, open } = await world({ handOut: false })
    const id = await server.createUser('ada')
    const tab = await open()
    await tab.evaluate(password => globalThis.own.loginWithPassword('ada', password), PASSWORD)
    await shows(tab, 'ada')
    await tab.close()
    await server.accounts.accounts.revoke({ userId: id })
    const later = await open()
    await shows(later, 'nobody')
    expect(await later.evaluate(() => globalThis.own.userId())).toBeNull()
  })

  async function world(options: LoginCookieOptions): Promise<{ server: MeteorServer; context: BrowserContext; open: () => Promise<Page> }> {
    const served: { cookies?: ReturnType<typeof loginCookies> } = {}
    const server = await startMeteor(
      { useHttpOnlyCookies: true },
      {
        onRequest(request, response) {
          served.cookies?.(request, response, () => {
            const isScript = request.url === '/page.js'
            response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
            response.end(
              isScript
                ? script
                : '<!doctype html><title>loading</title><script type="module">import { start } from "/page.js"; start()</script>',
            )
          })
        },
      },
    )
    served.cookies = loginCookies(server.accounts, options)
    const context = await browser.newContext()
    context.setDefaultTimeout(20_000)
    onTestFinished(async () => {
      await context.close()
      await server[Symbol.asyncDispose]()
    })
    return {
      server,
      context,
      async open() {
        const tab = await context.newPage()
        await tab.goto(server.url)
        return tab
      },
    }
  }
})

const shows = async (tab: Page, title: string): Promise<void> => {
  await tab.waitForFunction(wanted => document.title === wanted, title)
}

const cookie = async (context: BrowserContext): Promise<object | undefined> =>
  (await context.cookies()).find(({ name }) => name === 'meteor_login_token')

async function until(holds: () => Promise<boolean>): Promise<void> {
  await expect.poll(holds).toBe(true)
}
