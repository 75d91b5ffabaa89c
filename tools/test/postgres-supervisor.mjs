// Runs one throw-away PostgreSQL for one test run, and never outlives it: `kill -9` of the test runner leaves no server behind.
// Plain JavaScript, because Node 20 has to start it by itself.
//
//   node postgres-supervisor.mjs <folder> <folder of the server's programs> <process to watch>
//
// Writes `<folder>/ready` with the server's URL, or `<folder>/failed` with the reason.
import { spawn } from 'node:child_process'
import { chownSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'

const [folder = '', programs = '', watched = ''] = process.argv.slice(2)
const data = join(folder, 'data')
const log = join(folder, 'server.log')

/** @type {import('node:child_process').ChildProcess | undefined} */
let server
let ending = false

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => void end())
setInterval(() => isAlive(Number(watched)) || void end(), 500)

try {
  const url = await start()
  announce('ready', url)
} catch (error) {
  if (!ending) announce('failed', error instanceof Error ? error.message : String(error))
  await end()
}

/** Makes the data folder, starts the server, waits until it answers. */
async function start() {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const owner = unprivileged()
  if (owner) for (const path of [folder, data]) chownSync(path, owner.uid, owner.gid)

  await runInitdb(owner)
  // Another process may take the free port before the server does
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    server = launch(port, owner)
    const url = `postgresql://latchkey@127.0.0.1:${port}/postgres`
    if (await answers(url, server)) return url
    if (attempt === 5) throw new Error(`The server did not start:\n${readLog()}`)
  }
}

/** @param {Owner | undefined} owner */
async function runInitdb(owner) {
  const options = ['-U', 'latchkey', '--auth=trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions']
  const initdb = spawn(join(programs, 'initdb'), ['-D', data, ...options], { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  initdb.stderr.on('data', chunk => (complaint += chunk))
  /** @type {number | null} */
  const code = await new Promise((resolve, reject) => initdb.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(`initdb failed: ${complaint.trim()}`)
}

/**
 * @param {number} port
 * @param {Owner | undefined} owner
 */
function launch(port, owner) {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    logging_collector: 'on',
    log_directory: folder,
    log_filename: 'server.log',
    // A test run lasts seconds: no background work in between. Commits are still flushed, as in production.
    autovacuum: 'off',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return spawn(join(programs, 'postgres'), ['-D', data, '-p', String(port), ...flags], { ...owner, cwd: folder, stdio: 'ignore' })
}

/**
 * True once the server takes statements; false when it gave up.
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} child
 */
async function answers(url, child) {
  let over = false
  child.once('error', () => (over = true)).once('exit', () => (over = true))
  for (let tries = 0; tries < 600 && !over && !ending; tries++) {
    if (await connects(url)) return !over
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  child.kill('SIGQUIT')
  return false
}

/**
 * Taking connections is not enough: a moment before it takes statements the server refuses them, "the database system is starting up".
 * @param {string} url
 */
async function connects(url) {
  const client = new pg.Client({ connectionString: url }).on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('No free port'))))
    })
  })
}

/** The data is thrown away, so an immediate stop (SIGQUIT) loses nothing. */
async function end() {
  if (ending) return
  ending = true
  if (server && server.exitCode === null && server.signalCode === null) {
    const gone = new Promise(resolve => server?.once('exit', resolve))
    server.kill('SIGQUIT')
    await gone
  }
  rmSync(data, { recursive: true, force: true })
  // Where the run still lives it reads `failed` and removes the folder itself
  if (!isAlive(Number(watched))) rmSync(folder, { recursive: true, force: true })
  process.exit(0)
}

/** @typedef {{ uid: number, gid: number }} Owner */

/**
 * PostgreSQL refuses to run as root: then it runs as `postgres`, or else as `nobody`.
 * @returns {Owner | undefined}
 */
function unprivileged() {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(line => line.split(':'))
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (!user) throw new Error('PostgreSQL does not run as root, and this machine has neither a user `postgres` nor `nobody`')
  return { uid: Number(user[2]), gid: Number(user[3]) }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function readLog() {
  try {
    return readFileSync(log, 'utf8').slice(-2000)
  } catch {
    return '(it wrote no log)'
  }
}

/**
 * Appears whole or not at all, so that a reader never sees half a URL.
 * @param {'ready' | 'failed'} name
 * @param {string} text
 */
function announce(name, text) {
  writeFileSync(join(folder, `${name}.tmp`), text)
  renameSync(join(folder, `${name}.tmp`), join(folder, name))
}
