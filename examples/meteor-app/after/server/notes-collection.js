import { randomUUID } from 'node:crypto'

/** What this app used of `Mongo.Collection` on the server, in memory. In its place stands whatever database you have. */
class Collection {
  #documents = new Map()
  #cursors = new Set()

  constructor(name) {
    this.name = name
  }

  async insertAsync(fields) {
    const _id = randomUUID()
    this.#documents.set(_id, fields)
    for (const tell of this.#cursors) tell(_id, fields)
    return _id
  }

  /** Documents that have these members, as a publication may return them: all there are, and each that comes. */
  find(selector) {
    const fits = fields => Object.entries(selector).every(([name, value]) => fields[name] === value)
    return {
      _getCollectionName: () => this.name,
      _publishCursor: publication => {
        const tell = (_id, fields) => fits(fields) && publication.added(this.name, _id, fields)
        for (const [_id, fields] of this.#documents) tell(_id, fields)
        this.#cursors.add(tell)
        publication.onStop(() => this.#cursors.delete(tell))
      },
    }
  }
}

export const Notes = new Collection('notes')
