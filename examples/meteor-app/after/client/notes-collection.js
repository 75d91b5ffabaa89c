import { Meteor } from '@latchkey/client/meteor'
import { Tracker } from './tracker.js'

/** What this app used of `Mongo.Collection` in the page: what is published, for computations. */
class Collection {
  #documents
  #changes = new Tracker.Dependency()

  constructor(name) {
    this.#documents = Meteor.connection.collection(name)
    this.#documents.subscribe(() => this.#changes.changed())
  }

  find() {
    this.#changes.depend()
    return { fetch: () => this.#documents.all() }
  }
}

export const Notes = new Collection('notes')
