/** Two-factor authentication on the home page: a real browser, the standalone server as it is started, an authenticator app that computes its codes. */
import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { BROWSERS_TAKE_TIME, chromiumOptions, hasChromium } from '../tools/test/chromium.ts'
import { command, dataFolder, startStandalone } from './support/standalone.ts'

const ADA = 'ada@example.org'
const PASSWORD = 'correct horse battery staple'

describe.skipIf(!hasChromium)('two-factor authentication on the home page', BROWSERS_TAKE_TIME, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch(chromiumOptions())
  })
  afterAll(async () => {
    await browser.close()
  })

  it('is set up with a code, asked for at sign-in, stood in for by a recovery code, and switched off', async () => {
    const { page, url, complaints } = await newWorld(browser)
    await enter(page, url)
    await page.getByRole('heading', { name: 'Your account' }).waitFor()

    // Set it up: the picture is a link that apps understand, the key is the same secret
    await page.getByRole('button', { name: 'Set up' }).click()
    await page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor()
    const link = new URL((await page.getByRole('link', { name: 'open it on this device' }).getAttribute('href')) ?? '')
    const app = authenticator((await page.locator('code.key').textContent()) ?? '')
    expect([link.protocol, link.searchParams.get('secret')]).toEqual(['otpauth:', app.key])
    const code = page.getByLabel('Code the app shows now')
    expect(await code.evaluate(input => document.activeElement === input)).toBe(true)
    await code.fill('12345')
    await page.getByRole('button', { name: 'Switch on' }).click()
    await page.getByText('Enter the six digits from the app.').waitFor()
    await code.fill(app.wrong())
    await page.getByRole('button', { name: 'Switch on' }).click()
    await page.getByText('That code is not right').waitFor()
    const used = app.code()
    await code.fill(used)
    await page.getByRole('button', { name: 'Switch on' }).click()

    // The recovery codes, once
    await page.getByRole('heading', { name: 'Keep these recovery codes' }).waitFor()
    const recoveryCodes = await page.locator('.codes code').allTextContents()
    expect(recoveryCodes).toHaveLength(10)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download', exact: true }).click(),
    ])
    expect(download.suggestedFilename()).toBe('recovery-codes.txt')
    const file = await readFile(await download.path(), 'utf8')
    for (const one of recoveryCodes) expect(file).toContain(one)
    await page.getByRole('button', { name: 'I have kept them' }).click()
    await page.getByText('Two-factor authentication is on.').waitFor()
    await page.reload()
    await page.getByText('10 recovery codes are left.').waitFor()
    expect(await page.locator('body').textContent()).not.toContain(recoveryCodes[0])

    // Sign in with a code; the one that was used is refused
    await signOut(page)
    await enter(page, url)
    await page.getByRole('heading', { name: 'Enter your code' }).waitFor()
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('code')
    await page.keyboard.type(used)
    await page.keyboard.press('Enter')
    await page.getByText('That code is not right, or was used already').waitFor()
    await page.getByLabel('Code').fill(app.next())
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Your account' }).waitFor()

    // A recovery code in its place, however it is typed
    await signOut(page)
    await enter(page, url)
    await page.getByRole('button', { name: 'Use a recovery code' }).click()
    await page.getByRole('heading', { name: 'Enter a recovery code' }).waitFor()
    await page.getByLabel('Recovery code').fill(recoveryCodes[0]?.toLowerCase().replaceAll('-', ' ') ?? '')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('9 recovery codes are left.').waitFor()

    // New recovery codes
    await page.getByRole('button', { name: 'New recovery codes' }).click()
    await page.getByLabel('Code from the app, or a recovery code').fill(recoveryCodes[1] ?? '')
    await page.getByRole('button', { name: 'Make new codes' }).click()
    await page.getByRole('heading', { name: 'Keep these recovery codes' }).waitFor()
    const fresh = await page.locator('.codes code').allTextContents()
    expect(fresh.filter(one => recoveryCodes.includes(one))).toEqual([])
    await page.getByRole('button', { name: 'I have kept them' }).click()

    // Off
    await page.getByRole('button', { name: 'Switch off' }).click()
    const form = page.locator('form', { hasText: 'Switch it off?' })
    await form.getByLabel('Code from the app, or a recovery code').fill(recoveryCodes[2] ?? '')
    await form.getByRole('button', { name: 'Switch off' }).click()
    await page.getByText('That code is not right').waitFor()
    await form.getByLabel('Code from the app, or a recovery code').fill(fresh[0] ?? '')
    await form.getByRole('button', { name: 'Switch off' }).click()
    await page.getByText('Two-factor authentication is off.').waitFor()
    await signOut(page)
    await enter(page, url)
    await page.getByRole('heading', { name: 'Your account' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('is asked for after a mailed link too, and one can go back', async () => {
    const { page, url, complaints, linkInMail } = await newWorld(browser)
    await enter(page, url)
    await page.getByRole('button', { name: 'Set up' }).click()
    const app = authenticator((await page.locator('code.key').textContent()) ?? '')
    await page.getByLabel('Code the app shows now').fill(app.code())
    await page.getByRole('button', { name: 'Switch on' }).click()
    await page.getByRole('button', { name: 'I have kept them' }).click()
    await signOut(page)

    await page.goto(`${url}/#/email-link`)
    await page.getByLabel('E-mail').fill(ADA)
    await page.getByRole('button', { name: 'Email me a sign-in link' }).click()
    await page.goto(await linkInMail('/magiclink/'))
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Enter your code' }).waitFor()
    // The link is out of the address bar
    expect(new URL(page.url()).pathname).toBe('/')
    await page.getByLabel('Code').fill(app.next())
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Your account' }).waitFor()

    await signOut(page)
    await enter(page, url)
    await page.getByRole('button', { name: 'Back to sign-in' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(complaints).toEqual([])
  })
})

/** An app that holds a secret as it was typed off the page: RFC 6238, worked out here once more. */
function authenticator(typed: string) {
  const key = typed.replaceAll(' ', '')
  const bits = Array.from(key, letter => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const secret = Buffer.from(bits.match(/.{8}/g)?.map(byte => Number.parseInt(byte, 2)) ?? [])
  const at = (steps: number): string => {
    const counter = Buffer.alloc(8)
    counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps))
    const hmac = createHmac('sha1', secret).update(counter).digest()
    const code = (hmac.readUInt32BE((hmac.at(-1) ?? 0) & 15) & 0x7fffffff) % 1_000_000
    return String(code).padStart(6, '0')
  }
  return {
    key,
    // Both are good at once, and still are when half a minute begins before the page has sent them: one of the step before would be over then.
    code: () => at(0),
    next: () => at(1),
    wrong: () =>
      Array.from({ length: 10 }, (_, digit) => String(digit).repeat(6)).find(code => ![-2, -1, 0, 1, 2].map(at).includes(code)) ?? '',
  }
}

async function enter(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.getByLabel('E-mail or username').fill(ADA)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByText('You are signed out').waitFor()
}

/** A server of its own with one user, and a browser to visit it with. */
async function newWorld(browser: Browser) {
  const data = await dataFolder()
  const { code, err } = await command(data.path, ['user', 'create', '--email', ADA, '--password-stdin', '--verified'], { input: PASSWORD })
  if (code !== 0) throw new Error(err)
  const server = await startStandalone(data.path)
  const context = await browser.newContext({ acceptDownloads: true })
  context.setDefaultTimeout(20_000)
  /** What the browser's console reported: violations of the page's policy, errors in scripts. */
  const complaints: string[] = []
  context.on('console', message => {
    // A refused request is reported too; refusals are part of the story.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text())
  })
  context.on('weberror', error => complaints.push(String(error.error())))
  onTestFinished(async () => {
    await context.close()
    await server.stop()
    await data.remove()
  })
  const linkInMail = async (path: string): Promise<string> => {
    let link: string | undefined
    await expect
      .poll(async () => {
        const mails = (await (await fetch(`${server.url}/dev/mailbox.json`)).json()) as { text: string }[]
        link = mails.map(({ text }) => new RegExp(`http\\S+${path}\\S+`).exec(text)?.[0]).find(Boolean)
        return link
      })
      .toBeDefined()
    return link ?? ''
  }
  return { page: await context.newPage(), url: server.url, complaints, linkInMail }
}
