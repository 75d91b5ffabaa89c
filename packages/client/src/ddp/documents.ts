import { EJSON, idParse } from '@latchkey/common/ddp'
import { CollectionView } from './collection.ts'
import type { DdpDocument } from './collection.ts'
import { fieldsOf, textOf, textsOf } from './server-message.ts'
import type { RawMessage } from './server-message.ts'
import type { DdpTimer, DdpTimers } from './timers.ts'

type Collections = Map<string, Map<string, DdpDocument>>

/** Changes that arrive within so many milliseconds are told together. */
const TOGETHER = 5

/** What the server has published to this connection. */
export class Documents {
  readonly #timers: DdpTimers
  readonly #views = new Map<string, CollectionView>()
  #live: Collections = new Map()
  /** What a new session has sent so far, while the old documents are still shown. */
  #staged: Collections | undefined
  #flush: DdpTimer | undefined

  constructor(timers: DdpTimers) {
    this.#timers = timers
  }

  collection(name: string): CollectionView {
    const view = this.#views.get(name) ?? new CollectionView(() => this.#live.get(name) ?? EMPTY)
    this.#views.set(name, view)
    return view
  }

  /** `added`, `changed` or `removed`. What does not fit is left: a document that is not there cannot change. */
  apply(message: RawMessage): void {
    const [name, key] = [textOf(message['collection']), textOf(message['id'])]
    if (name === undefined || key === undefined) return
    const collections = this.#staged ?? this.#live
    const documents = collections.get(name) ?? new Map<string, DdpDocument>()
    const before = documents.get(key)
    if (message.msg === 'removed') {
      documents.delete(key)
      if (documents.size === 0) collections.delete(name)
    } else if (message.msg === 'added' || before) {
      documents.set(key, toDocument(message.msg === 'added' ? undefined : before, key, message))
      collections.set(name, documents)
    }
    if (!this.#staged) this.#touch(name, key)
  }

  /** From here on the server tells everything anew. What it tells is shown when {@link show} is called, all at once. */
  stage(): void {
    this.#staged = new Map()
  }

  /** Shows what was staged, and tells the listeners. */
  show(): void {
    const [before, now] = [this.#live, this.#staged]
    if (!now) return this.flush()
    this.#staged = undefined
    this.#live = now
    for (const name of new Set([...before.keys(), ...now.keys()])) {
      const [old, fresh] = [before.get(name) ?? EMPTY, now.get(name) ?? EMPTY]
      for (const key of new Set([...old.keys(), ...fresh.keys()])) {
        const [was, is] = [old.get(key), fresh.get(key)]
        // The same object where nothing changed, so that nothing is drawn again
        if (was && is && EJSON.equals(was, is)) now.get(name)?.set(key, was)
        else this.#touch(name, key)
      }
    }
    this.flush()
  }

  /** Tells the listeners now. */
  flush(): void {
    this.#flush?.()
    this.#flush = undefined
    for (const view of this.#views.values()) view.flush()
  }

  /** Nothing will be told any more. */
  close(): void {
    this.#flush?.()
  }

  #touch(name: string, key: string): void {
    const view = this.#views.get(name)
    if (!view) return
    view.touch(key)
    this.#flush ??= this.#timers.after(TOGETHER, () => this.flush())
  }
}

const EMPTY: ReadonlyMap<string, DdpDocument> = new Map()

function toDocument(before: DdpDocument | undefined, key: string, message: RawMessage): DdpDocument {
  const cleared = new Set(textsOf(message['cleared']))
  const kept = Object.entries(before ?? {}).filter(([name]) => !cleared.has(name))
  return { ...Object.fromEntries(kept), ...fieldsOf(message['fields']), _id: idParse(key) }
}
