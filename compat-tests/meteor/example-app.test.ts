/** The app of examples/meteor-app after it moved: its server as a process of its own, its page in this one and in a browser. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../e2e/support/meteor.ts'
import { chromiumOptions, hasChromium } from '../../tools/test/chromium.ts'

const EXAMPLE = fileURLToPath(new URL('../../examples/meteor-app', import.meta.url))
const PASSWORD = 'correct horse battery'

/** What `client/view.js` shows. */
interface Shown {
  greeting: string
  plan: string
  notes: string[]
}

describe('the example of a Meteor app that moves', () => {
  let folder = ''
  let app: Awaited<ReturnType<typeof startApp>>
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-meteor-app-'))
    await build({
      root: join(EXAMPLE, 'after'),
      logLevel: 'error',
      build: { outDir: folder, emptyOutDir: false },
    })
    app = await startApp({ PATH: process.env['PATH'] ?? '', PORT: '0', PAGE: folder, DATABASE_URL: join(folder, 'accounts.db') })
  })
  afterAll(async () => {
    await app?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('signs up, shows its notes as they come, and signs out, in Node', async () => {
    globalThis.__meteor_runtime_config__ = { DDP_DEFAULT_CONNECTION_URL: app.url }
    const { Accounts, Meteor } = await import('@latchkey/client/meteor')
    // The example has no types.
    const view = (await import(pathToFileURL(join(EXAMPLE, 'after', 'client', 'view.js')).href)) as {
      watch: (show: (shown: Shown) => void) => { stop(): void }
    }
    const shown: Shown[] = []
    const computation = view.watch(each => shown.push(each))
    const shows = (expected: Partial<Shown>) =>
      until(() => JSON.stringify({ ...shown.at(-1), ...expected }) === JSON.stringify(shown.at(-1)))
    await shows({ greeting: 'Hello stranger', notes: [] })
    await expect(Meteor.callAsync('notes.insert', 'too early')).rejects.toMatchObject({ error: 'not-authorized' })
    await expect(Accounts.createUserAsync({ username: 'A', password: PASSWORD })).rejects.toMatchObject({
      reason: 'Names have three small letters or more',
    })

    await Accounts.createUserAsync({ username: 'ada', email: 'ada@example.org', password: PASSWORD, profile: { name: 'Ada' } })
    await shows({ greeting: 'Hello Ada', plan: 'free', notes: [] })
    await Meteor.callAsync('notes.insert', 'milk')
    await Meteor.callAsync('notes.insert', 'bread')
    await shows({ notes: ['milk', 'bread'] })
    expect(await Meteor.callAsync('plan')).toBe('free')

    await Meteor.logout()
    await shows({ greeting: 'Hello stranger', plan: 'none', notes: [] })
    await Meteor.loginWithPasswordAsync('ada', PASSWORD)
    await shows({ greeting: 'Hello Ada', notes: ['milk', 'bread'] })

    computation.stop()
    Accounts.close()
    await until(() => app.printed().includes('To: ada@example.org'))
    expect(app.printed()).toContain('ada signed in by password')
    expect(app.printed()).toContain('From: Notes <notes@example.org>')
  })

  it.skipIf(!hasChromium)('does the same in a browser, and knows its user after a reload', async () => {
    const browser = await chromium.launch(chromiumOptions())
    try {
      const page = await browser.newPage()
      page.setDefaultTimeout(20_000)
      const shows = (text: string) => page.getByText(text).waitFor()
      await page.goto(app.url)
      await shows('Hello stranger')
      await page.fill('#username', 'grace')
      await page.fill('#password', PASSWORD)
      await page.fill('#name', 'Grace')
      await page.click('#sign-up')
      await shows('Hello Grace')
      await page.fill('#text', 'a compiler')
      await page.click('#write')
      await shows('a compiler')

      await page.reload()
      await shows('Hello Grace')
      await shows('a compiler')
      await page.click('#sign-out')
      await shows('Hello stranger')
      expect(await page.locator('#notes li').count()).toBe(0)
      await page.fill('#username', 'grace')
      await page.fill('#password', 'something else')
      await page.click('#sign-in')
      await shows('Something went wrong. Please check your credentials.')
    } finally {
      await browser.close()
    }
  })

  it('changes nothing but imports, and adds the start of a server', async () => {
    const changed = ['server/accounts.js', 'server/notes.js', 'client/main.js', 'client/view.js', 'server/main.js']
    const added = await Promise.all(
      changed.map(async file => {
        const [before, after] = [await lines('before', file), await lines('after', file)]
        expect(before.filter(line => !after.includes(line) && !line.startsWith('import ') && !after.includes(`await ${line}`))).toEqual([])
        return after.filter(line => !before.includes(line))
      }),
    )
    expect(added.slice(0, 4)).toEqual([
      ["import { Accounts, Meteor } from '@latchkey/server/meteor'"],
      ["import { Meteor } from '@latchkey/server/meteor'"],
      ["import { Accounts, Meteor } from '@latchkey/client/meteor'"],
      ["import { Meteor } from '@latchkey/client/meteor'", "import { Tracker } from './tracker.js'"],
    ])
    expect(added[4]?.length).toBeLessThan(20)
  })
})

const lines = async (side: string, file: string): Promise<string[]> => (await readFile(join(EXAMPLE, side, file), 'utf8')).split('\n')

/** Starts the built example, and remembers what it prints. */
async function startApp(env: Record<string, string>) {
  const child = spawn(process.execPath, [join(EXAMPLE, 'after', 'server', 'main.js')], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => void (printed += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (printed += chunk.toString()))
  const url = () => /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0]
  await until(() => url() !== undefined || child.exitCode !== null)
  const found = url()
  if (found === undefined) throw new Error(`The app ended: ${printed}`)
  return {
    url: found,
    printed: () => printed,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
