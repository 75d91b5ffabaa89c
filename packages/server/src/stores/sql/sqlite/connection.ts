/**
 * One connection to a SQLite file, and deeds run on it.
 *
 * A deed is synchronous from `begin` to `commit`: nothing of this process can come in between, so transactions need no queue. Another
 * process can, and then SQLite says busy; we wait without holding up the event loop, and try again.
 */
import { AccountsError } from '@latchkey/common'
import { Undo, storable } from '../statement.ts'
import type { Deed, Durability, Engine, Slice, Statement, Step, Value } from '../statement.ts'
import type { Dialect } from '../dialect.ts'
import { isBusy } from './driver.ts'
import type { SqliteDatabase, SqliteStatement } from './driver.ts'

/** Milliseconds a deed waits for another process before it gives up. */
const PATIENCE = 10_000

export class SqliteConnection implements Engine {
  readonly dialect: Dialect
  readonly slice: Slice = { run: runInSlices }
  readonly database: SqliteDatabase
  readonly #collection: string
  readonly #tell: (userIds: readonly string[]) => void
  readonly #prepared = new Map<Statement<unknown>, Prepared>()

  constructor(database: SqliteDatabase, dialect: Dialect, collection: string, tell: (userIds: readonly string[]) => void) {
    this.database = database
    this.dialect = dialect
    this.#collection = collection
    this.#tell = tell
  }

  read<T>(deed: () => Deed<T>): Promise<T> {
    return patiently(() => this.#run(deed(), []))
  }

  transact<T>(deed: () => Deed<T>, durability: Durability = 'full'): Promise<T> {
    return patiently(() => this.#transactNow(deed, durability))
  }

  #transactNow<T>(deed: () => Deed<T>, durability: Durability): T {
    this.#setDurability(durability)
    const told: string[] = []
    this.database.exec('begin immediate')
    let outcome: T
    try {
      outcome = this.#run(deed(), told)
      this.database.exec('commit')
    } catch (error) {
      this.#rollBack()
      // The deed's own type: a deed undoes itself with an outcome of its own.
      if (error instanceof Undo) return error.outcome as T
      throw error
    }
    if (told.length > 0) this.#tell(told)
    return outcome
  }

  #rollBack(): void {
    try {
      this.database.exec('rollback')
    } catch {
      // Some errors (a full disk) have rolled back already; what matters is the first one.
    }
  }

  #run<T>(deed: Deed<T>, told: string[]): T {
    let step = deed.next([])
    while (!step.done) {
      if (step.value.kind === 'tell') {
        told.push(...step.value.userIds)
        step = deed.next([])
      } else {
        step = deed.next(this.#execute(step.value))
      }
    }
    return step.value
  }

  #execute({ kind, statement, values }: Exclude<Step, { kind: 'tell' }>): readonly unknown[] {
    const prepared = this.#prepared.get(statement) ?? this.#prepare(statement)
    const bound: (string | number | null)[] = [this.#collection]
    for (const value of values) bound.push(bindable(value))
    try {
      return execute(prepared, kind, bound)
    } catch (error) {
      // In libsql a statement whose `get` failed fails with the same error ever after.
      this.#prepared.delete(statement)
      throw error
    }
  }

  #prepare(statement: Statement<unknown>): Prepared {
    const text = this.dialect.parameters(statement.text(this.dialect))
    const prepared = { statement: this.database.prepare(text), returns: /^select|\breturning\b/i.test(text) }
    this.#prepared.set(statement, prepared)
    return prepared
  }

  /** `full`: one fsync of the log at each commit. `relaxed`: none, and a power cut, not a crash, may take the last commits back. */
  #setDurability(durability: Durability): void {
    if (durability === (durabilities.get(this.database) ?? 'full')) return
    this.database.exec(`pragma synchronous = ${durability === 'full' ? 'full' : 'normal'}`)
    durabilities.set(this.database, durability)
  }
}

/** What each connection is set to: the stores of several collections share one. */
const durabilities = new WeakMap<SqliteDatabase, Durability>()

interface Prepared {
  statement: SqliteStatement
  returns: boolean
}

function execute({ statement, returns }: Prepared, kind: string, bound: readonly (string | number | null)[]): readonly unknown[] {
  if (!returns) {
    statement.run(bound)
    return []
  }
  if (kind === 'rows') return statement.all(bound)
  const row = statement.get(bound)
  return row === undefined ? [] : [row]
}

function bindable(value: Value): string | number | null {
  if (typeof value === 'string') return storable(value)
  if (typeof value === 'number') return value
  return value === null || value === undefined ? null : JSON.stringify(value.map(storable))
}

/** Runs synchronous work at once, and again while another process is in the way. */
export async function patiently<T>(work: () => T): Promise<T> {
  const until = performance.now() + PATIENCE
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error)) throw error
      if (performance.now() > until) {
        throw new AccountsError('Busy', { detail: `another process held the SQLite file for ${PATIENCE} ms`, cause: error, retryAfter: 1 })
      }
      // Not all at the same moment again.
      await new Promise(resolve => setTimeout(resolve, pause * (0.5 + Math.random())))
    }
  }
}

/** Longest time a slice of a sweep should hold the thread, in milliseconds. */
const SLICE = 5

/** Sweeps a few rows at a time, as many as fit the slice, and lets others go first in between. */
async function runInSlices(limit: number, sweep: (limit: number) => Promise<number>): Promise<number> {
  let [swept, size] = [0, 32]
  while (swept < limit) {
    const most = Math.min(size, limit - swept)
    const began = performance.now()
    const deleted = await sweep(most)
    const took = performance.now() - began
    swept += deleted
    if (deleted < most) break
    size = Math.max(8, Math.min(1024, took > SLICE / 2 ? Math.floor(size / 2) : size * 2))
    await new Promise(resolve => setImmediate(resolve))
  }
  return swept
}
