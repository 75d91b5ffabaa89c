/** One run of a publication for one client. */
// The names of what a cursor offers are Meteor's.
// oxlint-disable no-underscore-dangle
import { EJSON, idStringify } from '@latchkey/common/ddp'
import type { Connection } from '../../wire/connection.ts'
import { boundToInvocation, runInvocation } from '../../wire/invocation.ts'
import type { Invocation } from '../../wire/invocation.ts'
import { readParams } from './read-message.ts'
import type { Session } from './session.ts'
import type { Publication, PublishedCursor, PublishHandler } from './types.ts'

/** What a subscription was asked with; `id` is null for a universal one, which no client asked for. */
export interface Asked {
  readonly id: string | null
  readonly name: string | null
  /** Parameters as the client sent them, a list in JSON: read, they would take many times its length. */
  readonly params: string
  /** Length of the message it was asked with. */
  readonly size: number
  readonly handler: PublishHandler
}

const nothing = (): void => {}

/** What `this` is in a publication. A run belongs to one user: when another signs in, its successor takes its place. */
export class Subscription implements Publication, Invocation {
  readonly transport = 'ddp'
  readonly userId: string | null
  readonly asked: Asked
  readonly #session: Session
  #documents: Map<string, Set<string>> | null = null
  #listeners: (() => unknown)[] | null = null
  #unblock: () => void
  #isOver = false
  isReady = false

  constructor(session: Session, asked: Asked, unblock: () => void = nothing) {
    this.#session = session
    this.asked = asked
    this.userId = session.userId
    this.#unblock = unblock
  }

  get connection(): Connection {
    return this.#session.connection
  }

  /** Runs the handler and publishes what it returns. Never rejects: an error ends the subscription. */
  async run(): Promise<void> {
    try {
      // It was read before, when it came.
      const params = readParams({ params: JSON.parse(this.asked.params) as unknown[] })
      const published: unknown = await runInvocation<unknown>(this, () => this.asked.handler.apply(this, params))
      if (!this.#isOver) await this.#publish(published)
    } catch (error) {
      this.error(error)
    } finally {
      this.#unblock = nothing
    }
  }

  readonly ready = (): void => {
    if (this.#isOver || this.isReady || this.asked.id === null) return
    this.isReady = true
    this.#session.ready(this.asked.id)
  }

  added(collection: string, id: unknown, fields: Readonly<Record<string, unknown>>): void {
    if (this.#isOver) return
    const text = idStringify(id)
    this.#documents ??= new Map()
    const ids = this.#documents.get(collection)
    const encoded = encode(fields)
    if (ids) ids.add(text)
    else this.#documents.set(collection, new Set([text]))
    this.#session.box.added(this, collection, text, encoded)
  }

  changed(collection: string, id: unknown, fields: Readonly<Record<string, unknown>>): void {
    if (!this.#isOver) this.#session.box.changed(this, collection, idStringify(id), encode(fields))
  }

  removed(collection: string, id: unknown): void {
    if (this.#isOver) return
    const text = idStringify(id)
    this.#session.box.removed(this, collection, text)
    this.#documents?.get(collection)?.delete(text)
  }

  error(error: unknown): void {
    if (!this.#isOver) this.#session.end(this, error)
  }

  stop(): void {
    if (!this.#isOver) this.#session.end(this)
  }

  onStop(listener: () => unknown): void {
    if (this.#isOver) this.#session.hub.tell(listener, 'the end of a subscription')
    else (this.#listeners ??= []).push(boundToInvocation(listener))
  }

  unblock(): void {
    this.#unblock()
  }

  /** Takes its documents from the client, and tells its listeners. What the handler still says is not heard. */
  close(documents: 'withdraw' | 'leave'): void {
    if (this.#isOver) return
    this.#isOver = true
    if (documents === 'withdraw') {
      for (const [collection, ids] of this.#documents ?? []) for (const id of ids) this.#session.box.removed(this, collection, id)
    }
    this.#documents = null
    const listeners = this.#listeners ?? []
    this.#listeners = null
    for (const listener of listeners) this.#session.hub.tell(listener, 'the end of a subscription')
  }

  async #publish(published: unknown): Promise<void> {
    // `return userId && cursor` publishes nothing to strangers.
    if (!published) return
    const cursors = Array.isArray(published) ? (published as unknown[]) : [published]
    if (!cursors.every(isCursor)) throw new Error('A publication returns a cursor, several of them, or nothing')
    const names = cursors.map(cursor => cursor._getCollectionName?.()).filter(name => name !== undefined)
    const twice = names.find((name, at) => names.indexOf(name) !== at)
    if (twice !== undefined) throw new Error(`A publication returned several cursors of the collection ${twice}`)
    for (const cursor of cursors) await cursor._publishCursor(this)
    this.ready()
  }
}

const isCursor = (value: unknown): value is PublishedCursor =>
  typeof value === 'object' && value !== null && '_publishCursor' in value && typeof value._publishCursor === 'function'

/**
 * Each member as it travels; a member that is undefined stays so, and means that it is gone. Whole documents are handed over as well, and their `_id` travels beside
 * the fields.
 */
function encode(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const encoded: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) if (name !== '_id') encoded[name] = EJSON.toJSONValue(value)
  return encoded
}
