/** The whole story on the home page: two real browsers, the standalone server as it is started, mail read in its mailbox. */
import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { BROWSERS_TAKE_TIME, chromiumOptions, hasChromium } from '../tools/test/chromium.ts'
import { command, dataFolder, startStandalone } from './support/standalone.ts'

const ADA = 'ada@example.org'
const FIRST = 'correct horse battery staple'
const SECOND = 'another long way to say it'
const THIRD = 'a third one after forgetting'

describe.skipIf(!hasChromium)('the home page', BROWSERS_TAKE_TIME, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch(chromiumOptions())
  })
  afterAll(async () => {
    await browser.close()
  })

  it('tells the whole story: sign up, verify, two devices, change the password, the other is out, recover, sign out', async () => {
    const world = await newWorld(browser)
    const laptop = await world.device('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0')

    // Sign up, and verify with the link in the mailbox
    await laptop.goto(world.url)
    await laptop.getByRole('link', { name: 'Create account' }).click()
    await laptop.getByLabel('E-mail').fill(ADA)
    await laptop.getByLabel('Password', { exact: true }).fill(FIRST)
    await laptop.getByRole('button', { name: 'Create account' }).click()
    await laptop.getByRole('heading', { name: 'Check your mail' }).waitFor()
    await laptop.getByRole('link', { name: 'Open the mailbox' }).click()
    await laptop.getByRole('link', { name: 'Open the link' }).first().click()
    await laptop.getByRole('button', { name: 'Confirm my address' }).click()
    await laptop.getByText('Your address is confirmed').waitFor()
    expect(new URL(laptop.url()).pathname).toBe('/')

    // Sign in on two devices
    await signIn(laptop, ADA, FIRST)
    await laptop.getByText('Confirmed', { exact: true }).waitFor()
    const phone = await world.device(
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1',
    )
    await phone.goto(world.url)
    await signIn(phone, ADA, FIRST)
    expect(await devices(phone)).toEqual(['Safari on iPhone This device', 'Firefox on Linux'])

    // Nothing of the session can be read by scripts
    expect(await phone.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length])).toEqual(['', 0, 0])

    // Change the password: the other device is out at its next step
    await laptop.getByRole('button', { name: 'Change password' }).click()
    await laptop.getByLabel('Current password', { exact: true }).fill('not the password')
    await laptop.getByLabel('New password', { exact: true }).fill(SECOND)
    await laptop.getByRole('button', { name: 'Change password' }).click()
    await laptop.getByText('That is not your current password').waitFor()
    await laptop.getByLabel('Current password', { exact: true }).fill(FIRST)
    await laptop.getByRole('button', { name: 'Change password' }).click()
    await laptop.getByText('Your password is changed').waitFor()
    expect(await devices(laptop)).toEqual(['Firefox on Linux This device'])
    await phone.getByRole('button', { name: 'Download my data' }).click()
    await phone.getByText('Your session has ended').waitFor()

    // Recover by mail, on the phone; now the laptop is out
    await phone.getByRole('link', { name: 'Forgot your password?' }).click()
    await phone.getByLabel('E-mail').fill(ADA)
    await phone.getByRole('button', { name: 'Send the link' }).click()
    await phone.getByRole('heading', { name: 'Check your mail' }).waitFor()
    await phone.goto(await world.linkInMail('/reset-password/'))
    await phone.getByLabel('New password', { exact: true }).fill(THIRD)
    await phone.getByRole('button', { name: 'Change my password' }).click()
    await phone.getByText('Your password is set').waitFor()
    await signIn(phone, ADA, THIRD)
    await laptop.reload()
    await laptop.getByRole('heading', { name: 'Sign in' }).waitFor()

    // Sign out
    await phone.getByRole('button', { name: 'Sign out', exact: true }).click()
    await phone.getByText('You are signed out').waitFor()
    await phone.reload()
    await phone.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(world.complaints).toEqual([])
  })

  it('ends one device, adds and removes an address, hands out the data, and deletes the account', async () => {
    const world = await newWorld(browser)
    await world.createUser(ADA, FIRST)
    const [page, other] = [await world.device(), await world.device()]
    for (const one of [page, other]) {
      await one.goto(world.url)
      await signIn(one, ADA, FIRST)
    }
    await page.reload()
    await page.getByRole('button', { name: /^Sign out .+ on / }).click()
    await page.getByText('is signed out.').waitFor()
    await other.reload()
    await other.getByRole('heading', { name: 'Sign in' }).waitFor()

    await page.getByLabel('Another address').fill('ada@example.com')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByText('A link to confirm it is on its way').waitFor()
    await page.goto(await world.linkInMail('/verify-email/'))
    await page.getByRole('button', { name: 'Confirm my address' }).click()
    await page.getByText('Your address is confirmed.').waitFor()
    await page.getByRole('button', { name: `Remove ${ADA}` }).click()
    await page.getByRole('button', { name: 'Remove address' }).click()
    await page.getByText(`${ADA} is removed.`).waitFor()

    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download my data' }).click()])
    expect(download.suggestedFilename()).toBe('my-account.json')

    await page.getByRole('button', { name: 'Delete my account' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Your password', { exact: true }).fill('not the password')
    await dialog.getByRole('button', { name: 'Delete my account' }).click()
    await dialog.getByText('That is not your password.').waitFor()
    await dialog.getByLabel('Your password', { exact: true }).fill(FIRST)
    await dialog.getByRole('button', { name: 'Delete my account' }).click()
    await page.getByText('Your account is deleted.').waitFor()
    await enter(page, 'ada@example.com', FIRST)
    await page.getByText('That name and password do not match.').waitFor()
    expect(world.complaints).toEqual([])
  })

  it('a second tab follows the first, in and out', async () => {
    const world = await newWorld(browser)
    await world.createUser(ADA, FIRST)
    const context = await world.context()
    const [one, two] = [await context.newPage(), await context.newPage()]
    await one.goto(world.url)
    await two.goto(world.url)
    await signIn(one, ADA, FIRST)
    await two.getByRole('heading', { name: 'Your account' }).waitFor()
    await two.getByRole('button', { name: 'Sign out', exact: true }).click()
    await one.getByText('Your session has ended').waitFor()
    expect(world.complaints).toEqual([])
  })

  it('opening a link consumes nothing, both forms of address work, and a spent link says what to do', async () => {
    const world = await newWorld(browser)
    await world.createUser(ADA, FIRST)
    const page = await world.device()
    await page.goto(`${world.url}/#/forgot-password`)
    await page.getByLabel('E-mail').fill(ADA)
    await page.getByRole('button', { name: 'Send the link' }).click()
    await page.getByRole('heading', { name: 'Check your mail' }).waitFor()
    const link = await world.linkInMail('/reset-password/')
    for (const address of [link, link, link.replace('/reset-password/', '/#/reset-password/')]) {
      await page.goto('about:blank')
      await page.goto(address)
      await page.getByRole('heading', { name: 'Choose a new password' }).waitFor()
    }
    await page.getByLabel('New password', { exact: true }).fill('short')
    await page.getByRole('button', { name: 'Change my password' }).click()
    await page.getByText('Use at least 8 characters.').waitFor()
    await page.getByLabel('New password', { exact: true }).fill(SECOND)
    await page.getByRole('button', { name: 'Change my password' }).click()
    await page.getByText('Your password is set').waitFor()
    await page.goto(link)
    await page.getByLabel('New password', { exact: true }).fill(THIRD)
    await page.getByRole('button', { name: 'Change my password' }).click()
    await page.getByRole('heading', { name: 'This link is spent' }).waitFor()
    await page.getByRole('link', { name: 'Ask for a new link' }).click()
    await page.getByRole('heading', { name: 'Forgot your password?' }).waitFor()
    expect(world.complaints).toEqual([])
  })

  it('signs in with a mailed link at the press of a button, once', async () => {
    const world = await newWorld(browser)
    await world.createUser(ADA, FIRST)
    const page = await world.device()
    await page.goto(world.url)
    await page.getByRole('link', { name: 'Email me a sign-in link' }).click()
    await page.getByRole('heading', { name: 'Sign in with a link' }).waitFor()
    await page.getByRole('button', { name: 'Email me a sign-in link' }).click()
    await page.getByText('Enter your e-mail address.').waitFor()
    await page.getByLabel('E-mail').fill(ADA)
    await page.getByRole('button', { name: 'Email me a sign-in link' }).click()
    await page.getByRole('heading', { name: 'Check your mail' }).waitFor()
    await page.getByText('the link in it signs you in').waitFor()
    const link = await world.linkInMail('/magiclink/')
    for (const address of [link, link, link.replace('/magiclink/', '/#/magiclink/')]) {
      await page.goto('about:blank')
      await page.goto(address)
      await page.getByText('One press of the button, and you are in.').waitFor()
    }
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Your account' }).waitFor()
    expect([new URL(page.url()).pathname, new URL(page.url()).hash]).toEqual(['/', ''])
    await page.reload()
    await page.getByRole('heading', { name: 'Your account' }).waitFor()

    const other = await world.device()
    await other.goto(link)
    await other.getByRole('button', { name: 'Sign in' }).click()
    await other.getByRole('heading', { name: 'This link is spent' }).waitFor()
    await other.getByRole('link', { name: 'Email me another link' }).click()
    await other.getByRole('heading', { name: 'Sign in with a link' }).waitFor()
    expect(world.complaints).toEqual([])
  })

  it('hides "Create account" when sign-up is closed', async () => {
    const world = await newWorld(browser, { LATCHKEY_SIGN_UP: 'off' })
    const page = await world.device()
    await page.goto(`${world.url}/#/create-account`)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.getByRole('link', { name: 'Create account' }).count()).toBe(0)
  })

  it('can be used with the keyboard alone', async () => {
    const world = await newWorld(browser)
    await world.createUser(ADA, FIRST)
    const page = await world.device()
    await page.goto(world.url)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    for (const typed of [ADA, FIRST]) {
      await page.keyboard.press('Tab')
      await page.keyboard.type(typed)
    }
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Your account' }).waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Your account')
    await page.getByRole('button', { name: 'Delete my account' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Delete my account')
  })
})

/** A server of its own, and browsers to visit it with. */
async function newWorld(browser: Browser, env: NodeJS.ProcessEnv = {}) {
  const data = await dataFolder()
  const server = await startStandalone(data.path, env)
  const contexts: BrowserContext[] = []
  /** What the browsers' consoles reported: violations of the page's policy, errors in scripts. */
  const complaints: string[] = []
  onTestFinished(async () => {
    await Promise.all(contexts.map(context => context.close()))
    await server.stop()
    await data.remove()
  })
  const context = async (userAgent?: string): Promise<BrowserContext> => {
    const made = await browser.newContext(userAgent === undefined ? {} : { userAgent })
    contexts.push(made)
    made.setDefaultTimeout(20_000)
    made.on('console', message => {
      // A refused request is reported too; refusals are part of the story.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text())
    })
    made.on('weberror', error => complaints.push(String(error.error())))
    return made
  }
  return {
    url: server.url,
    complaints,
    context,
    device: async (userAgent?: string): Promise<Page> => (await context(userAgent)).newPage(),
    createUser: async (email: string, password: string): Promise<void> => {
      const { code, err } = await command(data.path, ['user', 'create', '--email', email, '--password-stdin', '--verified'], {
        input: password,
      })
      if (code !== 0) throw new Error(err)
    },
    /** The newest link of this kind that was mailed. */
    linkInMail: async (path: string): Promise<string> => {
      let link: string | undefined
      await expect
        .poll(async () => {
          const mails = (await (await fetch(`${server.url}/dev/mailbox.json`)).json()) as { text: string }[]
          link = mails.flatMap(({ text }) => text.match(/http:\S+/g) ?? []).findLast(address => address.includes(path))
          return link
        })
        .toBeDefined()
      return link ?? ''
    },
  }
}

async function enter(page: Page, user: string, password: string): Promise<void> {
  await page.getByLabel('E-mail or username').fill(user)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function signIn(page: Page, user: string, password: string): Promise<void> {
  await enter(page, user, password)
  await page.getByRole('heading', { name: 'Your account' }).waitFor()
}

/** The listed devices, this one marked. */
async function devices(page: Page): Promise<string[]> {
  const rows = page.locator('latchkey-devices li .what')
  await rows.first().waitFor()
  const texts = await rows.evaluateAll(all =>
    all.map(one =>
      [...one.children]
        .slice(0, -1)
        .map(part => part.textContent)
        .join(' '),
    ),
  )
  return texts
}
