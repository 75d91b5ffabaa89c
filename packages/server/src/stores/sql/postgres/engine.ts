/** Deeds over the wire: a pool for transactions, lanes for statements that stand alone. */
import type { Dialect } from '../dialect.ts'
import { one, statement, storable, Undo } from '../statement.ts'
import type { Deed, Durability, Engine, Row, Slice, Statement, Step, Value } from '../statement.ts'
import { closed, isConflict, isConnectionLost, translate } from './driver.ts'
import type { PgPool, PgPoolClient, PgQuery } from './driver.ts'
import type { Lane } from './lane.ts'
import type { FreshPlans } from './plans.ts'

/** How often a transaction that lost against another is tried again. */
const TRIES = 8

const PING = statement('ping', () => 'select 1 as answer where $1::text is not null')

/** Connections of a store. */
export interface PgConnections {
  pool: PgPool
  /** Reads that look at a row or two. */
  reads: Lane
  /** Counters: commits on this connection do not wait for the disk. */
  counters: Lane
  /** Of all of them. */
  plans: FreshPlans
}

export class PostgresEngine implements Engine {
  readonly dialect: Dialect
  /** PostgreSQL sweeps without holding up anybody here. */
  readonly slice: Slice = { run: (limit, sweep) => sweep(limit) }
  readonly #connections: PgConnections
  readonly #collection: string
  readonly #tell: (userIds: readonly string[]) => void
  readonly #compiled = new Map<Statement<unknown>, { name: string; text: string }>()

  constructor(connections: PgConnections, dialect: Dialect, collection: string, tell: (userIds: readonly string[]) => void) {
    this.#connections = connections
    this.dialect = dialect
    this.#collection = collection
    this.#tell = tell
  }

  read<T>(deed: () => Deed<T>): Promise<T> {
    return this.#read(deed(), (statement, values) => this.pooled(statement as Statement, values))
  }

  /** A deed that looks at a row or two: on the lane of reads. */
  lookUp<T>(deed: () => Deed<T>): Promise<T> {
    return this.#read(deed(), (statement, values) => this.#connections.reads.query(this.#query(statement, values), { again: true }))
  }

  async #read<T>(deed: Deed<T>, ask: (statement: Statement<unknown>, values: readonly Value[]) => Promise<Row[]>): Promise<T> {
    let step = deed.next([])
    while (!step.done) step = deed.next(step.value.kind === 'tell' ? [] : await ask(step.value.statement, step.value.values))
    return step.value
  }

  /** One statement on the lane of counters, whose commit does not wait for the disk. */
  count<R>(statement: Statement<R>, values: readonly Value[]): Promise<R[]> {
    const query = this.#query(statement, values)
    // The statement's columns are what its row type says.
    return again(() => this.#connections.counters.query(query, { again: false })) as Promise<R[]>
  }

  /** One statement that is a transaction by itself. */
  pooled<R = Row>(statement: Statement<R>, values: readonly Value[]): Promise<R[]> {
    const query = this.#query(statement, values)
    // The statement's columns are what its row type says.
    return again(async () => (await this.#connections.pool.query(query)).rows as R[])
  }

  /** Throws unless the database answers. */
  async ping(): Promise<void> {
    await this.lookUp(() => one(PING, []))
  }

  async close(): Promise<void> {
    const { pool, reads, counters, plans } = this.#connections
    plans.stop()
    await closed(Promise.all([pool.end(), reads.close(), counters.close()]))
  }

  /** Tells the listeners of this process. */
  tell(userIds: readonly string[]): void {
    this.#tell(userIds)
  }

  transact<T>(deed: () => Deed<T>, durability: Durability = 'full'): Promise<T> {
    return again(async () => {
      const client = await this.#connections.pool.connect()
      let broken: unknown
      try {
        return await this.#attempt(new Transaction(client), deed(), durability)
      } catch (error) {
        broken = error
        throw error
      } finally {
        client.release(isConnectionLost(broken))
      }
    })
  }

  async #attempt<T>(transaction: Transaction, deed: Deed<T>, durability: Durability): Promise<T> {
    transaction.send('begin')
    if (durability === 'relaxed') transaction.send('set local synchronous_commit = off')
    const told: string[] = []
    try {
      let step = deed.next([])
      while (!step.done) step = deed.next(await this.#take(transaction, step.value, told))
      await transaction.commit()
      if (told.length > 0) this.#tell(told)
      return step.value
    } catch (error) {
      await transaction.rollBack()
      // The deed's own type: a deed undoes itself with an outcome of its own.
      if (error instanceof Undo) return error.outcome as T
      throw error
    }
  }

  #take(transaction: Transaction, step: Step, told: string[]): Promise<Row[]> | Row[] {
    if (step.kind === 'tell') {
      told.push(...step.userIds)
      return []
    }
    const query = this.#query(step.statement, step.values)
    if (step.kind !== 'write') return transaction.ask(query)
    transaction.send(query)
    return []
  }

  #query(statement: Statement<unknown>, values: readonly Value[]): PgQuery {
    const { name, text } = this.#compiled.get(statement) ?? this.#compile(statement)
    const bound: unknown[] = [this.#collection]
    for (const value of values) bound.push(bindable(value))
    return { name, text, values: bound }
  }

  #compile(statement: Statement<unknown>): { name: string; text: string } {
    const compiled = { name: `latchkey_${statement.name}`, text: statement.text(this.dialect) }
    this.#compiled.set(statement, compiled)
    return compiled
  }
}

/** A transaction on a pipelined connection: what needs no answer is not waited for, `begin` included. */
class Transaction {
  readonly #client: PgPoolClient
  #failure: { error: unknown } | undefined

  constructor(client: PgPoolClient) {
    this.#client = client
  }

  send(query: string | PgQuery): void {
    this.#client.query(query).catch((error: unknown) => {
      // Answers come in order, so this is the first error; all behind it only say that the transaction is aborted.
      this.#failure ??= { error }
    })
  }

  async ask(query: PgQuery): Promise<Row[]> {
    try {
      // Rows hold what the columns of our own schema hold.
      return (await this.#client.query(query)).rows as Row[]
    } catch (error) {
      throw this.#failure ? this.#failure.error : error
    }
  }

  async commit(): Promise<void> {
    const { command } = await this.#client.query('commit')
    if (this.#failure) throw this.#failure.error
    // PostgreSQL answers a `commit` of an aborted transaction without an error.
    if (command !== 'COMMIT') throw new Error(`PostgreSQL answered ${command} to commit`)
  }

  async rollBack(): Promise<void> {
    // When the connection is gone, so is the transaction.
    await this.#client.query('rollback').catch(() => undefined)
  }
}

/** Tries again what lost against another transaction and left no trace. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await work()
    } catch (error) {
      if (left <= 1 || !isConflict(error)) throw translate(error)
      await new Promise(resolve => setTimeout(resolve, Math.random() * 2 ** (TRIES - left)))
    }
  }
}

const bindable = (value: Value): unknown => {
  if (typeof value === 'string') return storable(value)
  return value === undefined || value === null || typeof value === 'number' ? (value ?? null) : value.map(storable)
}
