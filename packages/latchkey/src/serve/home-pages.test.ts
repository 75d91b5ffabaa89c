import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newFolder } from '../../testing/world.ts'
import { homePages } from './home-pages.ts'
import type { PageReply, Pages } from './page.ts'

const HTML = '<!doctype html><title>Home</title>'
let folder: string
let close: () => Promise<void>
let home: Pages
beforeAll(async () => {
  ;({ folder, close } = await newFolder())
  const built = path.join(folder, 'home')
  await mkdir(path.join(built, 'assets'), { recursive: true })
  await writeFile(path.join(built, 'index.html'), HTML)
  await writeFile(path.join(built, 'assets', 'main-abc123.js'), 'console.log("home")\n'.repeat(100))
  await writeFile(path.join(built, 'assets', 'logo-abc123.png'), 'not really')
  await writeFile(path.join(folder, 'secret'), 'outside')
  home = homePages(async () => pathToFileURL(`${built}/`), false)
})
afterAll(() => close())

const get = (route: string, headers: Record<string, string> = {}, method = 'GET'): Promise<PageReply | null> =>
  home({ method, path: route, peer: '127.0.0.1', headers })

test.each(['/', '/verify-email/token', '/reset-password/t%2Fx', '/enroll-account/token', '/magiclink/token'])(
  '%s shows the home page',
  async route => {
    const reply = await get(route)
    expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' } })
    expect(String(reply?.body)).toBe(HTML)
  },
)

test('the page may load its own files and nothing else, and may not be framed', async () => {
  const { headers } = (await get('/')) ?? {}
  const policy = headers?.['content-security-policy'] ?? ''
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]) {
    expect(policy).toContain(rule)
  }
  expect(policy).not.toContain('unsafe')
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  })
})

test('files with a hash in their name are kept for ever', async () => {
  expect(await get('/assets/main-abc123.js')).toMatchObject({
    status: 200,
    headers: { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=31536000, immutable' },
  })
})

test('texts travel compressed for those who accept it, pictures as they are', async () => {
  const plain = await get('/assets/main-abc123.js')
  const br = await get('/assets/main-abc123.js', { 'accept-encoding': 'gzip, deflate, br' })
  const zipped = await get('/assets/main-abc123.js', { 'accept-encoding': 'gzip, br;q=0' })
  expect(br?.headers).toMatchObject({ 'content-encoding': 'br', vary: 'Accept-Encoding' })
  expect(zipped?.headers['content-encoding']).toBe('gzip')
  expect(brotliDecompressSync(br?.body ?? '')).toEqual(plain?.body)
  expect(gunzipSync(zipped?.body ?? '')).toEqual(plain?.body)
  expect((await get('/assets/logo-abc123.png', { 'accept-encoding': 'br' }))?.headers).not.toHaveProperty('content-encoding')
})

test('a page that has not changed is not sent again', async () => {
  const { headers } = (await get('/')) ?? {}
  const again = await get('/', { 'if-none-match': `W/${headers?.['etag']}, "other"` })
  expect(again).toMatchObject({ status: 304, body: '' })
  expect((await get('/', { 'if-none-match': '"other"' }))?.status).toBe(200)
})

test.each([
  '/secret',
  '/../secret',
  '/%2e%2e/secret',
  '/assets/../../secret',
  '/assets',
  '/assets/',
  '//',
  '/verify-email',
  '/verify-email/a/b',
  '/index.htm',
])('%s is not of the page', async route => {
  expect(await get(route)).toBeNull()
})

test('pages can only be read', async () => {
  expect(await get('/', {}, 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
})

test('a page that was not built says how to build it', async () => {
  const missing = homePages(async () => pathToFileURL(path.join(folder, 'nowhere/')), false)
  const reply = await missing({ method: 'GET', path: '/', peer: '', headers: {} })
  expect(reply?.status).toBe(503)
  expect(reply?.body).toContain('npm run build')
})

test('production insists on https from then on', async () => {
  const secure = homePages(async () => pathToFileURL(path.join(folder, 'home/')), true)
  const reply = await secure({ method: 'GET', path: '/', peer: '', headers: {} })
  expect(reply?.headers['strict-transport-security']).toBe('max-age=31536000')
})
