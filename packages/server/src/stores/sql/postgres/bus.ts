import { randomBytes } from 'node:crypto'
import { subscribe } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { Bus } from '../../../core/store.ts'
import { closed } from './driver.ts'
import type { PgClient } from './driver.ts'

/** Milliseconds between two heartbeats, and how old the last one that came back may be. */
const BEAT = 150
const TRUST = 500
/** A line that is silent for so long is given up, and opened anew. */
const SILENCE = 3_000
const LONGEST_PAUSE = 2_000

/**
 * Several processes on one PostgreSQL: triggers announce revocations with `NOTIFY`, in the transaction that revokes. To know that the line is
 * open, each instance sends heartbeats to itself over it: PostgreSQL delivers in order of commit, so when a heartbeat came back, everything
 * announced before it was sent has arrived. When none comes back in time, cached sessions are not believed.
 */
export class PostgresBus implements Bus {
  readonly #connect: () => Promise<PgClient>
  readonly #channel: string
  readonly #collection: string
  /** A channel of our own, so that instances do not wake each other with heartbeats. */
  readonly #ownChannel = `latchkey_beat_${randomBytes(9).toString('hex')}`
  readonly #listeners = new Set<(userId: string | null) => void>()
  #client: PgClient | undefined
  #opened = false
  #beats: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  /** When the youngest heartbeat that came back was sent. */
  #heardAt = -Infinity
  #listenedAt = -Infinity
  /** A heartbeat was sent that PostgreSQL has not acknowledged yet. */
  #waiting = false

  constructor(connect: () => Promise<PgClient>, channel: string, collection: string) {
    this.#connect = connect
    this.#channel = channel
    this.#collection = collection
  }

  /** Resolves after the first try to connect; a line that is down is tried again until it is up. */
  async open(): Promise<void> {
    if (this.#opened) return
    this.#opened = true
    this.#beats = setInterval(() => this.#beat(), BEAT)
    this.#beats.unref()
    await this.#listen(100)
  }

  async close(): Promise<void> {
    this.#opened = false
    clearInterval(this.#beats)
    clearTimeout(this.#retry)
    const client = this.#client
    this.#client = undefined
    this.#heardAt = -Infinity
    await closed(client?.end())
  }

  trusted(): boolean {
    return performance.now() - this.#heardAt < TRUST
  }

  listen(listener: (userId: string | null) => void): Stop {
    return subscribe(this.#listeners, listener)
  }

  async publish(userId: string): Promise<void> {
    this.tell([userId])
  }

  /** Tells the listeners of this process. */
  tell(userIds: readonly (string | null)[]): void {
    for (const listener of this.#listeners) for (const userId of userIds) listener(userId)
  }

  async #listen(pause: number): Promise<void> {
    let client: PgClient | undefined
    try {
      client = await this.#connect()
      const lost = (): void => this.#lose(client, pause)
      client.on('error', lost)
      client.on('end', lost)
      client.on('notification', message => this.#hear(message.channel, message.payload ?? ''))
      await client.query(`listen "${this.#channel}"`)
      await client.query(`listen "${this.#ownChannel}"`)
    } catch {
      // Reported by whoever asks next: every check now goes to the database, and fails there if that is away too.
      await client?.end().catch(() => undefined)
      this.#tryAgain(pause)
      return
    }
    if (!this.#opened) return client.end()
    this.#client = client
    this.#listenedAt = performance.now()
    this.#waiting = false
    // Whatever happened before we listened, we did not hear.
    this.tell([null])
    this.#beat()
  }

  #lose(client: PgClient | undefined, pause: number): void {
    if (!client || client !== this.#client) return
    this.#client = undefined
    this.#heardAt = -Infinity
    this.tell([null])
    this.#tryAgain(pause)
  }

  #tryAgain(pause: number): void {
    if (!this.#opened) return
    this.#retry = setTimeout(() => void this.#listen(Math.min(pause * 2, LONGEST_PAUSE)), pause)
    this.#retry.unref()
  }

  #beat(): void {
    const [client, sentAt] = [this.#client, performance.now()]
    if (!client) return
    if (sentAt - Math.max(this.#heardAt, this.#listenedAt) > SILENCE) {
      // The other end may be gone without a word.
      void closed(client.end().catch(() => undefined))
      this.#lose(client, BEAT)
    } else if (!this.#waiting) {
      this.#waiting = true
      client
        .query({ text: 'select pg_notify($1, $2)', values: [this.#ownChannel, String(sentAt)] })
        // The connection tells itself when it breaks; a heartbeat that was not sent does not come back.
        .catch(() => undefined)
        .finally(() => (this.#waiting = false))
    }
  }

  #hear(channel: string, payload: string): void {
    if (channel === this.#ownChannel) {
      this.#heardAt = Math.max(this.#heardAt, Number(payload))
      return
    }
    const space = payload.indexOf(' ')
    if (payload.slice(0, space) === this.#collection) this.tell([payload.slice(space + 1)])
  }
}
