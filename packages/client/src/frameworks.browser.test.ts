/** What only a document shows of React and Vue: effects that run twice, pages that a server rendered, clients that are exchanged. */
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundle } from '../../../tools/test/bundle.ts'
import { chromiumOptions, hasChromium } from '../../../tools/test/chromium.ts'

describe.skipIf(!hasChromium)('in a browser', () => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    // As apps are built while they are developed: then frameworks complain
    const script = await bundle(fileURLToPath(new URL('./testing/frameworks-page.ts', import.meta.url)), {
      'process.env.NODE_ENV': '"development"',
      __VUE_OPTIONS_API__: 'false',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'true',
    })
    browser = await chromium.launch(chromiumOptions())
    page = await browser.newPage()
    await page.setContent('<!doctype html><title>loading</title><body></body>')
    await page.addScriptTag({ content: script, type: 'module' })
    await page.waitForFunction(() => document.title === 'ready')
  })
  afterAll(async () => {
    await browser.close()
  })

  test.each([
    ['React listens once, though effects run twice in strict mode, and lets go', 'reactStrict', ['ada ada', 1, 0]],
    [
      'React takes over a page that a server rendered for nobody, and then shows who is signed in',
      'reactHydrates',
      ['nobody -', 'ada ada'],
    ],
    [
      'React shows whom the client of now has when clients are exchanged, and lets go of the other one',
      'reactSwitches',
      [['ada ada', 'bob bob', 'ada ada', 'ada ada'], 1, 0],
    ],
    ['React shows one user in all places, also when another one signs in while they are drawn', 'reactTears', [['bob'], ['bob']]],
    [
      'Vue takes over a page that a server rendered for nobody, and then shows who is signed in, attributes too',
      'vueHydrates',
      ['<b class="out">nobody</b>', '<b class="in">ada</b>', 0],
    ],
    ['Vue shows at once who is signed in where no server rendered anything, and lets go', 'vueMounts', [['ada'], 0]],
  ] as const)('%s', async (_title, story, shown) => {
    expect(await page.evaluate(name => globalThis.tell(name), story)).toEqual({ shown, complaints: [] })
  })
})
