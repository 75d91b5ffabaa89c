/**
 * Measures Latchkey beside a hand-written server and better-auth, on the same PostgreSQL, in one run: each round takes every system in turn, and the
 * tables show medians. Compare figures within one table only.
 *
 *     npm run bench                       all tables, about ten minutes
 *     npm run bench -- --seconds 0.5 --rounds 1    a look
 *     npm run bench -- --only session,refresh
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { postgresStore, sqliteStore } from '@latchkey/server/stores/sql'
import setup from '../tools/test/global-setup.ts'
import { freshDatabase } from '../tools/test/postgres.ts'
import { inProcess } from './in-process.ts'
import { drive } from './load.ts'
import type { Run } from './load.ts'
import { start } from './subjects.ts'
import type { Recipe, Subject } from './subjects.ts'
import { logout, populate, refresh, session, signIn, signUp } from './works.ts'
import type { Work } from './works.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '1,16,64' },
    only: { type: 'string' },
  },
})
const SECONDS = Number(options.seconds)
const ROUNDS = Number(options.rounds)
const CONNECTIONS = options.connections.split(',').map(Number)

const RECIPES: Recipe[] = [
  { name: 'hand-written, cache', program: 'hand', hash: 'cheap' },
  { name: 'hand-written, no cache', program: 'hand', hash: 'cheap', cache: 'off' },
  { name: 'latchkey', program: 'latchkey', hash: 'cheap' },
  { name: 'latchkey, no cache', program: 'latchkey', hash: 'cheap', cache: 'off' },
  { name: 'latchkey on SQLite', program: 'latchkey', hash: 'cheap', engine: 'sqlite' },
  { name: 'better-auth', program: 'better-auth', hash: 'cheap' },
  { name: 'latchkey, real hash', program: 'latchkey', hash: 'real' },
  { name: 'better-auth, real hash', program: 'better-auth', hash: 'real' },
]

/** One measured cell. */
interface Cell extends Run {
  cpu: number
}

const tearDown = setup()
const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
const subjects: Subject[] = []
const databases: { drop(): Promise<void> }[] = []
try {
  for (const recipe of RECIPES) {
    const subject = await start(recipe, await databaseFor(recipe))
    subjects.push(subject)
    await populate(subject)
  }
  console.log(
    `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}; ${ROUNDS} rounds of ${SECONDS} s, medians\n`,
  )
  const cheap = subjects.filter(({ recipe }) => recipe.hash === 'cheap')
  const wanted = options.only?.split(',')
  const isWanted = (work: Work): boolean => wanted?.includes(work.name.split(' ')[0] ?? '') ?? true
  for (const work of [session, refresh, signIn, signUp, logout].filter(isWanted)) await table(work, cheap)
  if (isWanted(signIn))
    await table(
      { ...signIn, name: 'sign-in with the real hash' },
      subjects.filter(({ recipe }) => recipe.hash === 'real'),
    )
  if (!wanted || wanted.includes('storm')) await storm(subjects.filter(({ recipe }) => recipe.hash === 'real'))
  if (!wanted || wanted.includes('in-process')) await insideOneProcess()
  if (!wanted || wanted.includes('start')) await startUp()
} finally {
  await Promise.allSettled(subjects.map(subject => subject.stop()))
  await Promise.allSettled(databases.map(database => database.drop()))
  rmSync(folder, { recursive: true, force: true })
  await tearDown?.()
}

async function databaseFor({ name, engine }: Recipe): Promise<string> {
  if (engine === 'sqlite') return join(folder, `${name.replaceAll(' ', '-')}.db`)
  const database = await freshDatabase()
  databases.push(database)
  return database.url
}

/** Every subject at every number of connections, in turn, round after round. */
async function table(work: Work, among: readonly Subject[]): Promise<void> {
  const cells = new Map<string, Cell[]>()
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const connections of CONNECTIONS) {
      for (const subject of among) {
        const cell = await measure(work, subject, connections)
        // The first round warms up: code is compiled, pages are read.
        if (cell && round > 0) push(cells, `${subject.recipe.name}|${connections}`, cell)
      }
    }
  }
  console.log(
    `### ${work.name}\n\n| system | connections | CPU ms/op | ops/s | p50 ms | p99 ms | errors |\n| --- | --- | --- | --- | --- | --- | --- |`,
  )
  for (const [key, found] of cells) {
    const [name, connections] = key.split('|')
    const of = (pick: (cell: Cell) => number): number => median(found.map(pick))
    console.log(
      `| ${name} | ${connections} | ${figure(of(cell => cell.cpu))} | ${Math.round(of(cell => cell.operations / cell.seconds)).toLocaleString('en')} | ` +
        `${figure(of(cell => cell.p50))} | ${figure(of(cell => cell.p99))} | ${of(cell => cell.errors)} |`,
    )
  }
  console.log()
}

async function measure(work: Work, subject: Subject, connections: number): Promise<Cell | null> {
  const scripts = await work.prepare(subject, connections, SECONDS)
  if (!scripts) return null
  const before = await subject.usage()
  const run = await drive(subject.port, scripts, SECONDS)
  const after = await subject.usage()
  return { ...run, cpu: (after.cpu - before.cpu) / run.operations }
}

/** Session checks while sixteen sign-ins run without pause. */
async function storm(among: readonly Subject[]): Promise<void> {
  console.log(
    '### Session checks while 16 sign-ins run\n\n| system | idle p50 ms | idle p99 ms | storm p50 ms | storm p99 ms | sign-ins/s |\n| --- | --- | --- | --- | --- | --- |',
  )
  for (const subject of among) {
    const rounds: { idle: Run; busy: Run; signIns: Run }[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const [checks, logins] = [await session.prepare(subject, 4, SECONDS), await signIn.prepare(subject, 16, SECONDS)]
      const idle = await drive(subject.port, checks ?? [], SECONDS)
      const [busy, signIns] = await Promise.all([
        drive(subject.port, checks ?? [], SECONDS * 2),
        drive(subject.port, logins ?? [], SECONDS * 2),
      ])
      rounds.push({ idle, busy, signIns })
    }
    const of = (pick: (round: (typeof rounds)[number]) => number): string => figure(median(rounds.map(pick)))
    console.log(
      `| ${subject.recipe.name} | ${of(({ idle }) => idle.p50)} | ${of(({ idle }) => idle.p99)} | ${of(({ busy }) => busy.p50)} | ` +
        `${of(({ busy }) => busy.p99)} | ${of(({ signIns }) => signIns.operations / signIns.seconds)} |`,
    )
  }
  console.log()
}

/** Without HTTP and without waiting for a database. */
async function insideOneProcess(): Promise<void> {
  console.log('### In process\n\n| store | deed | microseconds |\n| --- | --- | --- |')
  const database = await freshDatabase()
  databases.push(database)
  // PostgreSQL announces what other processes change; SQLite is asked at each check whether anything did.
  for (const store of [postgresStore({ url: database.url }), sqliteStore({ path: join(folder, 'in-process.db') })]) {
    const found = await inProcess(store, ROUNDS, SECONDS)
    for (const [name, microseconds] of found) console.log(`| ${store.name} | ${name} | ${figure(microseconds)} |`)
  }
  console.log()
}

/** From starting the process to its first answer, on databases that exist already; and what it then occupies. */
async function startUp(): Promise<void> {
  console.log(
    '### Start-up\n\n| system | start to first answer ms | memory after start MiB | memory after the load above MiB |\n| --- | --- | --- | --- |',
  )
  for (const subject of subjects.filter(({ recipe }) => recipe.hash === 'cheap' && recipe.cache !== 'off')) {
    const used = await subject.usage()
    const times: number[] = []
    let fresh = 0
    const database = await databaseFor({ ...subject.recipe, name: `${subject.recipe.name}, started again` })
    for (let round = 0; round <= ROUNDS + 2; round += 1) {
      const again = await start(subject.recipe, database)
      // The first start makes the tables.
      if (round > 0) times.push(again.startedIn)
      fresh = (await again.usage()).memory
      await again.stop()
    }
    console.log(`| ${subject.recipe.name} | ${Math.round(median(times))} | ${Math.round(fresh)} | ${Math.round(used.memory)} |`)
  }
  console.log()
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  map.set(key, [...(map.get(key) ?? []), value])
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function figure(value: number): string {
  return value >= 100 ? Math.round(value).toString() : value.toPrecision(3)
}
