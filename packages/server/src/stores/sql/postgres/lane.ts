import type { PgClient, PgQuery } from './driver.ts'
import { isConnectionLost, translate } from './driver.ts'
import type { Row } from '../statement.ts'

/**
 * One connection for single statements that are answered at once. They are sent one behind the other without waiting for answers, which
 * takes half the work of a pool. Nothing that may wait for a lock, or look at many rows, belongs here: everybody would wait behind it.
 */
export class Lane {
  readonly #connect: () => Promise<PgClient>
  #client: PgClient | undefined
  #connecting: Promise<PgClient> | undefined
  #closed = false

  constructor(connect: () => Promise<PgClient>) {
    this.#connect = connect
  }

  /** Rows of one statement. `again`: it may be sent a second time when the connection breaks, because it changes nothing. */
  async query(query: PgQuery, { again }: { again: boolean }): Promise<Row[]> {
    let client = this.#client
    try {
      client ??= await this.#open()
      // Rows hold what the columns of our own schema hold.
      return (await client.query(query)).rows as Row[]
    } catch (error) {
      if (isConnectionLost(error)) {
        // It will say so itself, but later than the second try.
        this.#forget(client)
        if (again) return this.query(query, { again: false })
      }
      throw translate(error)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const client = this.#client ?? (await this.#connecting?.catch(() => undefined))
    this.#forget(client)
    await client?.end()
  }

  /** Connects once, however many ask meanwhile. */
  #open(): Promise<PgClient> {
    this.#connecting ??= this.#reallyOpen().finally(() => (this.#connecting = undefined))
    return this.#connecting
  }

  async #reallyOpen(): Promise<PgClient> {
    if (this.#closed) throw new Error('the store is closed')
    const client = await this.#connect()
    // A connection that broke is replaced at the next statement.
    client.on('error', () => this.#forget(client))
    client.on('end', () => this.#forget(client))
    this.#client = client
    return client
  }

  #forget(client: PgClient | undefined): void {
    if (this.#client === client) this.#client = undefined
  }
}
