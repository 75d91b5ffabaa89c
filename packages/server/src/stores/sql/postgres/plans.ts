import type { PgPoolClient } from './driver.ts'

type Connection = Pick<PgPoolClient, 'on' | 'query'>

/** Milliseconds until plans are made anew for the first time; every further time takes twice as long, up to the longest. */
const FIRST = 1_000
const LONGEST = 60_000

/**
 * Has connections plan their prepared statements anew, at first after a second, then ever more rarely.
 *
 * PostgreSQL keeps the plan of a prepared statement as long as the connection. For tables that hold a hundred rows any index does, also one that leads to
 * the whole collection, and that plan stays when they have grown to a million: until autovacuum looks at the table, which takes a minute, or is
 * off. Planning anew costs a millisecond, and between two times a table that grows evenly no more than doubles.
 */
export class FreshPlans {
  readonly #clients = new Set<Connection>()
  #timer: NodeJS.Timeout | undefined

  /** A connection that is open, and for as long as it is. */
  watch(client: Connection): void {
    this.#clients.add(client)
    client.on('end', () => this.#clients.delete(client))
  }

  start(pause: number = FIRST): void {
    this.#timer = setTimeout(() => {
      // Also in the middle of a transaction. Whoever uses a connection that is broken learns it there.
      for (const client of this.#clients) client.query('discard plans').catch(() => undefined)
      this.start(Math.min(pause * 2, LONGEST))
    }, pause)
    this.#timer.unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
