import { EJSON } from '@latchkey/common/ddp'
import type { MeteorUser } from '../../compat/meteor-user.ts'
import type { Publication } from '../../transports/ddp/types.ts'

/** What a cursor asks of its collection. */
export interface CursorSource {
  readonly name: string
  /** The users it means, one after another. */
  each(): AsyncIterable<MeteorUser>
  count(): Promise<number>
  /** Tells when one of them may have changed, come or gone. */
  watch(listener: () => void): () => void
}

/** Users that were asked for; nothing is read before one of these is called, and each call reads anew. */
export class UsersCursor implements AsyncIterable<MeteorUser> {
  readonly #source: CursorSource

  constructor(source: CursorSource) {
    this.#source = source
  }

  async fetchAsync(): Promise<MeteorUser[]> {
    const users: MeteorUser[] = []
    for await (const user of this) users.push(user)
    return users
  }

  countAsync(): Promise<number> {
    return this.#source.count()
  }

  /** Calls with one user after another, and waits for each. */
  async forEachAsync(callback: (user: MeteorUser, index: number) => unknown): Promise<void> {
    let index = 0
    for await (const user of this) await callback(user, index++)
  }

  async mapAsync<T>(callback: (user: MeteorUser, index: number) => T | Promise<T>): Promise<T[]> {
    const made: T[] = []
    await this.forEachAsync(async (user, index) => void made.push(await callback(user, index)))
    return made
  }

  [Symbol.asyncIterator](): AsyncIterator<MeteorUser> {
    return this.#source.each()[Symbol.asyncIterator]()
  }

  _getCollectionName(): string {
    return this.#source.name
  }

  /**
   * Publishes what is found now, and tells what changes, until the publication stops. Changes of users are heard of whichever process made them; of new ones
   * only those that this process made.
   */
  async _publishCursor(publication: Publication): Promise<void> {
    const known = new Map<string, Record<string, unknown>>()
    let isStopped = false
    const show = async (): Promise<void> => {
      const found = new Map((await this.fetchAsync()).map(({ _id, ...fields }) => [_id, fields]))
      if (isStopped) return
      for (const id of known.keys()) if (!found.has(id)) publication.removed(this.#source.name, id)
      for (const [id, fields] of found) tellOf(publication, this.#source.name, id, known.get(id), fields)
      known.clear()
      for (const [id, fields] of found) known.set(id, fields)
    }
    let looking: Promise<void> | undefined
    let isStale = false
    // However many changes come while one look is under way, one more is enough.
    const look = async (): Promise<void> => {
      if (looking) {
        isStale = true
        return
      }
      looking = show()
      try {
        await looking
      } catch (error) {
        if (!isStopped) publication.error(error)
      } finally {
        looking = undefined
      }
      if (isStale && !isStopped) {
        isStale = false
        await look()
      }
    }
    const stop = this.#source.watch(() => void look())
    publication.onStop(() => {
      isStopped = true
      stop()
    })
    await look()
  }
}

type Fields = Record<string, unknown>

/** What is gone is undefined. */
function tellOf(publication: Publication, collection: string, id: string, before: Fields | undefined, fields: Fields): void {
  if (!before) return publication.added(collection, id, fields)
  const names = [...new Set([...Object.keys(before), ...Object.keys(fields)])].filter(name => !EJSON.equals(before[name], fields[name]))
  if (names.length > 0) publication.changed(collection, id, Object.fromEntries(names.map(name => [name, fields[name]])))
}
