import { networkInterfaces } from 'node:os'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startStandalone } from '../index.ts'
import type { CaughtMail } from '../mail/mailbox.ts'
import { newFolder, newWorld } from '../../testing/world.ts'
import type { World } from '../../testing/world.ts'

const PASSWORD = 'correct horse battery staple'

const mailTo = async (world: World, address: string): Promise<CaughtMail> => {
  for (;;) {
    const mails = (await (await world.get('/dev/mailbox.json')).json()) as CaughtMail[]
    const found = mails.findLast(mail => mail.to === address)
    if (found) return found
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

describe('a server with nothing set', () => {
  let world: World
  beforeAll(async () => {
    world = await newWorld()
  })
  afterAll(() => world.close())

  test('keeps everything in the data folder, for its owner alone', async () => {
    expect((await readdir(world.data)).filter(name => !name.startsWith('latchkey.db-'))).toEqual(
      expect.arrayContaining(['latchkey.db', 'secret']),
    )
    expect((await stat(world.data)).mode & 0o077).toBe(0)
    expect((await stat(path.join(world.data, 'secret'))).mode & 0o077).toBe(0)
    expect((await stat(path.join(world.data, 'latchkey.db'))).mode & 0o077).toBe(0)
  })

  test('answers health questions, its description and its settings', async () => {
    expect((await world.get('/healthz')).status).toBe(200)
    expect((await world.get('/readyz')).status).toBe(200)
    expect(await (await world.get('/openapi.json')).json()).toMatchObject({ openapi: expect.stringMatching(/^3\.1/) as string })
    expect(await (await world.get('/accounts/settings')).json()).toMatchObject({
      signUpAllowed: true,
      verificationMail: true,
      twoFactor: true,
      strategies: ['password', 'magicLink'],
    })
  })

  test('signs people up, mails them a link to the port it really has, verifies, signs in and recovers', async () => {
    const email = 'ada@example.org'
    expect((await world.post('/accounts/password/register', { user: { email, password: PASSWORD } })).status).toBe(200)
    const verify = await mailTo(world, email)
    expect(verify).toMatchObject({ to: email, from: expect.stringContaining('@') as string, subject: expect.any(String) as string })
    expect(new Date(verify.date).toISOString()).toBe(verify.date)
    const link = /http:\/\/localhost:(\d+)\/verify-email\/([\w-]+)/.exec(verify.text)
    expect(link?.[1]).toBe(String(world.port))
    expect((await world.post('/accounts/password/verifyEmail', { token: link?.[2] })).status).toBe(200)

    const login = await world.post('/accounts/password/authenticate', { user: { email }, password: PASSWORD })
    const { tokens, user } = (await login.json()) as { tokens: { accessToken: string }; user: { emails: unknown } }
    expect(user.emails).toEqual([{ address: email, verified: true }])
    const me = await world.get('/accounts/user', { authorization: `Bearer ${tokens.accessToken}` })
    expect(await me.json()).toMatchObject({ emails: [{ address: email }] })
  })

  test('shows the mailbox as a page that runs nothing of what is in a mail', async () => {
    const page = await world.get('/dev/mailbox')
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe')
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(await page.text()).toMatch(/<a class="button" href="http:\/\/localhost:\d+\/verify-email\//)

    const mail = await world.get('/dev/mailbox/0.html')
    expect(mail.headers.get('content-security-policy')).toMatch(/^sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'/)
    expect((await world.get('/dev/mailbox/999.html')).status).toBe(404)
    expect((await world.get('/dev/mailbox.css')).headers.get('content-type')).toContain('text/css')
    expect((await world.get('/dev/mailbox.js')).headers.get('content-type')).toContain('text/javascript')
    expect((await world.get('/dev')).headers.get('location')).toBe('/dev/mailbox')
  })

  test('lets only a localhost address ask for the mailbox', async () => {
    // fetch does not let a caller choose the host, so the names of another are tried where the gate is tested
    expect((await world.get('/dev/mailbox.json', { 'x-forwarded-for': '203.0.113.9' })).status).toBe(403)
    expect((await world.post('/dev/mailbox', {})).status).toBe(405)
  })

  test('answers 404 for what is nowhere, and never with a file from outside the page', async () => {
    for (const route of ['/nothing', '/assets/nothing.js', '/..%2f..%2fpackage.json', '/%2e%2e/secret', '/package.json']) {
      expect((await world.get(route)).status).toBe(404)
    }
  })

  test('stops once, and a second stop is the same', async () => {
    const own = await newWorld()
    await Promise.all([own.stop(), own.stop()])
    await expect(own.get('/healthz')).rejects.toThrow('fetch failed')
    await own.close()
  })
})

const outside = Object.values(networkInterfaces())
  .flat()
  .find(address => address?.family === 'IPv4' && !address.internal)?.address

test.skipIf(outside === undefined)('a server on all addresses shows the mailbox to this machine alone', async () => {
  const world = await newWorld({ host: '0.0.0.0' })
  const ask = (headers: Record<string, string>) => fetch(`http://${outside}:${world.port}/dev/mailbox.json`, { headers })
  expect((await world.get('/dev/mailbox.json')).status).toBe(200)
  expect((await ask({})).status).toBe(403)
  expect((await ask({ 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1' })).status).toBe(403)
  expect((await fetch(`http://${outside}:${world.port}/healthz`)).status).toBe(200)
  await world.close()
})

test('a port that is taken is told with the way out, before anything is opened', async () => {
  const first = await newWorld()
  const { folder, close } = await newFolder()
  const data = path.join(folder, 'data')
  await expect(startStandalone({ port: first.port, data, logLevel: 'silent' })).rejects.toThrow(
    `Port ${first.port} on 127.0.0.1 is in use by another program. Stop it, or take another port: PORT=${first.port + 1} (PORT=0 takes any free one)`,
  )
  expect(await readdir(data)).toEqual(['secret'])
  await first.close()
  await close()
})

test('an address that is not of this machine is told with the way out', async () => {
  const { folder, close } = await newFolder()
  await expect(startStandalone({ host: '192.0.2.1', port: 0, data: folder, logLevel: 'silent' })).rejects.toThrow(
    '192.0.2.1 is not an address of this machine. Set HOST=127.0.0.1',
  )
  await close()
})

test('a database that cannot be opened frees the port again', async () => {
  const { folder, close } = await newFolder()
  const failing = { port: 0, data: folder, databaseUrl: `file:${folder}`, logLevel: 'silent' } as const
  const listening = (): number => process.getActiveResourcesInfo().filter(name => name === 'TCPServerWrap').length
  const before = listening()
  await expect(startStandalone(failing)).rejects.toThrow(/unable to open|SQLITE_CANTOPEN|EISDIR/)
  await expect.poll(listening).toBe(before)
  await close()
})

describe('production', () => {
  const SAFE = {
    production: true,
    baseUrl: 'https://accounts.example.org',
    smtpUrl: 'smtp://127.0.0.1:1',
    mailFrom: 'a@example.org',
  } as const

  test('refuses what is unsafe, all of it at once, and leaves the port alone', async () => {
    const { folder, close } = await newFolder()
    const unsafe = startStandalone({
      production: true,
      port: 0,
      data: folder,
      secret: 'SECRET',
      rateLimits: false,
      baseUrl: 'http://a.example.org',
    })
    await expect(unsafe).rejects.toMatchObject({
      code: 'InvalidSettings',
      details: { problems: expect.objectContaining({ length: 4 }) as unknown },
    })
    expect(await readdir(folder)).toEqual([])
    await close()
  })

  test('has no mailbox, insists on https from then on, and makes its own strong secret', async () => {
    const world = await newWorld(SAFE)
    expect(world.mailboxUrl).toBeNull()
    expect(world.url).toBe('https://accounts.example.org')
    for (const route of ['/dev', '/dev/mailbox', '/dev/mailbox.json', '/dev/anything']) expect((await world.get(route)).status).toBe(404)
    expect((await world.get('/accounts/settings')).headers.get('strict-transport-security')).toBe('max-age=31536000')
    expect((await world.get('/dev/mailbox')).headers.get('strict-transport-security')).toBe('max-age=31536000')
    expect(await readdir(world.data)).toContain('secret')
    await world.close()
  })
})
