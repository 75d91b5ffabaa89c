import { MeteorError } from '@latchkey/common/meteor'
import type { DdpDocument } from '../ddp/index.ts'
import { answer } from './callback.ts'
import type { Callback } from './callback.ts'
import { derived } from './derived.ts'
import type { LoginClient } from './login-client.ts'
import type { Source } from '../source.ts'

/** An id, or values that fields must have; a dot leads into a field. */
export type UsersSelector = string | Readonly<Record<string, unknown>>

/** The users that are published to a client. */
export class UsersCollection {
  readonly #client: LoginClient

  constructor(client: LoginClient) {
    this.#client = client
  }

  /** All that match. */
  find(selector: UsersSelector = {}): DdpDocument[] {
    const wanted = typeof selector === 'string' ? { _id: selector } : selector
    return this.#all().filter(document => Object.entries(wanted).every(([path, value]) => valueAt(document, path) === value))
  }

  /** The first that matches. */
  findOne(selector: UsersSelector = {}): DdpDocument | undefined {
    return this.find(selector)[0]
  }

  /** {@link findOne} as a promise, for code that runs on a server as well. */
  async findOneAsync(selector: UsersSelector = {}): Promise<DdpDocument | undefined> {
    return this.findOne(selector)
  }

  /** All of them, and their changes. */
  get all(): Source<readonly DdpDocument[]> {
    const documents = this.#client._ddp?.side.documents()
    return documents ? derived(() => documents.all(), documents) : derived(() => NONE)
  }

  /**
   * Changes my own profile, where the server allows that: `users.update(id, { $set: { 'profile.name': 'Ada' } })`.
   * @throws MeteorError 403 for anything but an id: a page may change only what it can name
   */
  update(id: unknown, modifier: object): Promise<unknown>
  update(id: unknown, modifier: object, callback: Callback<unknown> | undefined): undefined
  update(id: unknown, modifier: object, options: object): Promise<unknown>
  update(id: unknown, modifier: object, options: object, callback: Callback<unknown> | undefined): undefined
  update(id: unknown, modifier: object, third: object = {}, fourth?: Callback<unknown>): Promise<unknown> | undefined {
    const _id = idOf(id)
    if (_id === undefined) throw new MeteorError(403, 'Not permitted. Untrusted code may only update documents by ID.')
    const [options, callback] = typeof third === 'function' ? [{}, third as Callback<unknown>] : [third, fourth]
    const { collection } = this.#client._options
    const method = `/${typeof collection === 'string' ? collection : 'users'}/update`
    return answer(this.#client._side.call(method, { _id }, modifier, options), callback)
  }

  /** {@link update} that only answers a promise. */
  async updateAsync(id: unknown, modifier: object, options: object = {}): Promise<unknown> {
    return this.update(id, modifier, options)
  }

  #all(): readonly DdpDocument[] {
    return this.#client._ddp?.side.documents().all() ?? NONE
  }
}

const NONE: readonly DdpDocument[] = []

/** Meteor takes `{ _id }` for the id, as long as nothing stands beside it. */
function idOf(selector: unknown): string | undefined {
  if (typeof selector === 'string') return selector
  if (typeof selector !== 'object' || selector === null || Object.keys(selector).length !== 1) return undefined
  return '_id' in selector && typeof selector._id === 'string' ? selector._id : undefined
}

function valueAt(document: object, path: string): unknown {
  let at: unknown = document
  for (const name of path.split('.')) at = typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined
  return at
}
