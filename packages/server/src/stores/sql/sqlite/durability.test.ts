import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { insertUser, makeEvent, makeSession, makeToken, makeUser, newHash, newPassword, NOW } from '../../contract/make.ts'
import type { SqlStore } from '../store.ts'
import { sqliteStore } from './store.ts'

const STRACE = 'strace'

/** Watching another process's system calls needs the tool and the right to. */
const canTrace = spawnSync(STRACE, ['-e', 'trace=fsync', 'true']).status === 0
if (!canTrace && process.env['CI']) throw new Error('CI needs strace')

describe.skipIf(!canTrace)('what SQLite flushes to the disk, counted by strace', () => {
  test('every acknowledged deed costs exactly one fsync', async () => {
    const store = await openStore()
    const user = await insertUser(store)
    const session = makeSession(user.id, { resumeHash: newHash() })
    const token = makeToken(user.id)
    const deeds: Record<string, () => Promise<unknown>> = {
      'sign-up': () => store.users.insert(makeUser({ password: newPassword() }), { audit: [makeEvent(user.id)] }),
      'sign-in': () => store.sessions.open(session, { audit: [makeEvent(user.id)], clear: ['a', 'b'] }),
      'failed sign-in': () => store.attempts.fail(['a', 'b'], NOW, 1000, { audit: [makeEvent(user.id)] }),
      'token issued': () => store.tokens.issue(token),
      'token consumed': () => store.tokens.consume(token.hash, token.purpose, NOW),
      'password changed': () =>
        store.users.changePassword({ userId: user.id, password: newPassword(), now: NOW, endSessionsExcept: session.id }),
      logout: () => store.sessions.end(session.id, 'logout', NOW, { audit: [makeEvent(user.id)] }),
      deactivation: () => store.users.setDeactivated(user.id, true, NOW),
      removal: () => store.users.remove(user.id, NOW),
    }
    for (const [name, deed] of Object.entries(deeds)) expect({ [name]: await fsyncsOf(deed) }).toEqual({ [name]: 1 })
  })

  test('counters, noted activity and reads cost none', async () => {
    const store = await openStore()
    const user = await insertUser(store)
    const session = makeSession(user.id)
    await store.sessions.open(session)
    const counts = [{ key: 'address', window: 1000 }]
    const free: Record<string, () => Promise<unknown>> = {
      count: () => store.attempts.count(counts, NOW),
      beginLogin: () =>
        store.users.beginLogin({ identifier: { kind: 'id', key: user.id }, counts, failureKey: null, device: '', now: NOW }),
      touch: () => store.sessions.touch([{ sessionId: session.id, activeAt: NOW + 1 }]),
      check: () => store.sessions.find(session.id),
    }
    for (const [name, deed] of Object.entries(free)) expect({ [name]: await fsyncsOf(deed) }).toEqual({ [name]: 0 })
    // And what comes after them is durable again.
    expect(await fsyncsOf(() => store.users.setCustom(user.id, { plan: 'pro' }, NOW))).toBe(1)
  })
})

async function openStore(): Promise<SqlStore> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-fsync-'))
  const store = sqliteStore({ path: join(folder, 'accounts.db') })
  onTestFinished(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  await store.open()
  return store
}

/** Counts what this very process flushes while it works. */
async function fsyncsOf(work: () => Promise<unknown>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-strace-'))
  const file = join(folder, 'calls')
  const tracer = spawn(STRACE, ['-f', '-e', 'trace=fsync,fdatasync', '-o', file, '-p', String(process.pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  tracer.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const gone = new Promise(resolve => tracer.once('exit', resolve))
  try {
    await vi.waitFor(() => expect(said).toContain('attached'), { interval: 5 })
    await work()
  } finally {
    tracer.kill('SIGINT')
    await gone
  }
  const calls = readFileSync(file, 'utf8')
  rmSync(folder, { recursive: true })
  return calls.split('\n').filter(line => /\b(fsync|fdatasync)\(/.test(line)).length
}
