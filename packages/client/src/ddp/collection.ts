import { idStringify } from '@latchkey/common/ddp'
import { stopOf, subscribe } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { Source } from '../source.ts'
import { guarded } from './guarded.ts'

/** A document as the server published it. Never changed: when a field does, there is a new object. */
export interface DdpDocument {
  /** A string, or an `ObjectID`. */
  readonly _id: unknown
  readonly [field: string]: unknown
}

/** What the server has published of one collection, as far as it has arrived. `Document`: the app's word for what is in it. */
export interface DdpCollection<Document extends object = DdpDocument> {
  /** Of now, or undefined. */
  get(id: unknown): Document | undefined
  /** Of now, in the order they came. The same list until something changes. */
  all(): readonly Document[]
  /** Calls at once with the list of now, and then after each change; changes that arrive together are told together. */
  subscribe(listener: (documents: readonly Document[]) => void): Stop
  /** One document as a source. */
  document(id: unknown): Source<Document | undefined>
}

/** A collection and the hands of the cache that fills it. */
export class CollectionView implements DdpCollection {
  readonly #documents: () => ReadonlyMap<string, DdpDocument>
  readonly #listeners = new Set<{ tell: (documents: readonly DdpDocument[]) => void }>()
  readonly #byDocument = new Map<string, Set<{ tell: (document: DdpDocument | undefined) => void }>>()
  readonly #touched = new Set<string>()
  #all: readonly DdpDocument[] | undefined

  constructor(documents: () => ReadonlyMap<string, DdpDocument>) {
    this.#documents = documents
  }

  get(id: unknown): DdpDocument | undefined {
    return this.#documents().get(idStringify(id))
  }

  all(): readonly DdpDocument[] {
    this.#all ??= [...this.#documents().values()]
    return this.#all
  }

  subscribe(listener: (documents: readonly DdpDocument[]) => void): Stop {
    // Wrapped, so that the same function can listen twice
    const stop = subscribe(this.#listeners, { tell: listener })
    listener(this.all())
    return stop
  }

  document(id: unknown): Source<DdpDocument | undefined> {
    const key = idStringify(id)
    return {
      get: () => this.#documents().get(key),
      subscribe: listener => {
        const listeners = this.#byDocument.get(key) ?? new Set()
        this.#byDocument.set(key, listeners)
        const stop = subscribe(listeners, { tell: listener })
        listener(this.#documents().get(key))
        return stopOf(() => {
          stop()
          if (listeners.size === 0 && this.#byDocument.get(key) === listeners) this.#byDocument.delete(key)
        })
      },
    }
  }

  /** A document changed. */
  touch(key: string): void {
    this.#all = undefined
    this.#touched.add(key)
  }

  /** Tells of what was touched since the last time. */
  flush(): void {
    if (this.#touched.size === 0) return
    const touched = [...this.#touched]
    this.#touched.clear()
    for (const key of touched) {
      for (const { tell } of this.#byDocument.get(key) ?? []) guarded(() => tell(this.#documents().get(key)))
    }
    for (const { tell } of this.#listeners) guarded(() => tell(this.all()))
  }
}
