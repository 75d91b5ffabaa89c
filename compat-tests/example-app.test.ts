/** The app of examples/accounts-js-app, before and after it moved, and one client script that does not know which of them it talks to. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshDatabase, hasPostgres } from '../tools/test/postgres.ts'
import type { FreshDatabase } from '../tools/test/postgres.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const EXAMPLE = join(ROOT, 'examples', 'accounts-js-app')
const BIN = join(ROOT, 'packages', 'latchkey', 'dist', 'bin.js')

const JOURNEY = (name: string): string[] => [
  'without signing in: 401',
  'signed up',
  `signed in: ${name}@example.org`,
  'notes: milk',
  'chose another password',
  'the old password: Invalid credentials',
  `signed in: ${name}@example.org`,
  'notes: milk, bread',
  'signed out: null',
]

describe.skipIf(!hasPostgres)('the example of an accounts-js app that moves', () => {
  let database: FreshDatabase
  let folder: string
  let env: Record<string, string>
  beforeAll(async () => {
    database = await freshDatabase()
    folder = await mkdtemp(join(tmpdir(), 'latchkey-example-'))
    env = {
      PATH: process.env['PATH'] ?? '',
      DATABASE_URL: database.url,
      TOKEN_SECRET: 'k9X2mQ7vR4tW8yB3nD6fH1jL5pS0aZcE',
      SITE_URL: 'http://localhost:4000',
      MAIL_FILE: join(folder, 'mails.jsonl'),
      PORT: '0',
    }
  })
  afterAll(async () => {
    await database?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  it(
    'tells the client script the same story before and after, and whoever signed up before finds their notes after',
    { timeout: 90_000 },
    async () => {
      const before = await startApp('before', { ...env, NODE_PATH: await oldModules(folder) })
      try {
        expect(await journey(before.url, 'ada')).toEqual(JOURNEY('ada'))
      } finally {
        await before.stop()
      }

      const moved = await run(BIN, ['import', 'accounts-js', '--yes', '--json'], {
        ...env,
        ACCOUNTS_JS_URL: database.url,
        LATCHKEY_SECRET: env['TOKEN_SECRET'] ?? '',
        LATCHKEY_DATA: folder,
      })
      expect(JSON.parse(moved)).toMatchObject({ users: { read: 1, imported: 1, leftOut: 0 }, notes: [] })

      const after = await startApp('after', env)
      try {
        expect(await journey(after.url, 'ada', 'again')).toEqual(['signed in: ada@example.org', 'notes: milk, bread'])
        expect(await journey(after.url, 'grace')).toEqual(JOURNEY('grace'))
      } finally {
        await after.stop()
      }
    },
  )

  it('changes nothing but imports, the database, and its opening and closing', async () => {
    const [same, different] = [
      ['mail.js', 'notes.js'],
      ['accounts.js', 'server.js'],
    ]
    for (const file of same ?? []) expect(await lines('after', file)).toEqual(await lines('before', file))
    const added = await Promise.all(
      (different ?? []).map(async file => {
        const old = new Set(await lines('before', file))
        return (await lines('after', file)).filter(line => !old.has(line))
      }),
    )
    expect(added).toEqual([
      [
        "const { AccountsServer, ServerHooks } = require('@latchkey/server')",
        "const { AccountsPassword } = require('@latchkey/server/strategies/password')",
        "const { postgresStore } = require('@latchkey/server/stores/sql')",
        'db: postgresStore({ url: env.DATABASE_URL }),',
        'await accountsServer.ready()',
        'return { accountsServer, close: () => accountsServer.stop() }',
      ],
      ["const { default: accountsExpress, userLoader } = require('@latchkey/server/express')"],
    ])
  })

  const journey = async (url: string, ...rest: string[]): Promise<string[]> =>
    (await run(join(EXAMPLE, 'client', 'journey.js'), [url, env['MAIL_FILE'] ?? '', ...rest], { PATH: env['PATH'] ?? '' }))
      .trim()
      .split('\n')
})

const lines = async (side: string, file: string): Promise<string[]> =>
  (await readFile(join(EXAMPLE, side, file), 'utf8')).split('\n').map(line => line.trim())

/**
 * Where the app of old finds what is not installed at the root: TypeORM, which lies beside the adapter, and magic links, which rest-express asks for without
 * saying so and this app does not use.
 */
async function oldModules(folder: string): Promise<string> {
  const stand = join(folder, 'node_modules', '@accounts', 'magic-link')
  await mkdir(stand, { recursive: true })
  await writeFile(join(stand, 'index.js'), 'exports.RequestMagicLinkEmailErrors = {}\n')
  const typeorm = createRequire(createRequire(import.meta.url).resolve('@accounts/typeorm')).resolve('typeorm')
  return [dirname(dirname(typeorm)), join(folder, 'node_modules')].join(':')
}

async function startApp(side: string, env: Record<string, string>): Promise<{ url: string; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, [join(EXAMPLE, side, 'server.js')], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  return {
    url: await addressOf(child),
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0]
      if (url !== undefined) resolve(url)
    })
    child.stderr?.on('data', (chunk: Buffer) => void (output += chunk.toString()))
    child.once('close', () => reject(new Error(`the app ended: ${output}`)))
  })
}

/** Standard output of a program that ends well. */
async function run(file: string, args: string[], env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, [file, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => void (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (err += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`${file} ended with ${code}: ${out}${err}`)
  return out
}
