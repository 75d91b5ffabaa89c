/**
 * What one client has: the union of what its subscriptions publish, member by member. A member that several publish has the value of the one that did so
 * first, and only what the client would see change is sent.
 */
import { EJSON } from '@latchkey/common/ddp'

/** Told what the client would see change. Values are plain JSON. */
export interface BoxSink {
  added(collection: string, id: string, fields: Record<string, unknown>): void
  changed(collection: string, id: string, fields: Record<string, unknown>, cleared: string[]): void
  removed(collection: string, id: string): void
}

/** Whoever publishes; told apart by identity. */
type Publisher = object
/** Who says what of a member, the first first. */
type Claims = { by: Publisher; value: unknown }[]
interface Kept {
  by: Set<Publisher>
  members: Map<string, Claims>
}
type Fields = Readonly<Record<string, unknown>>

/** The documents of one client. */
export class MergeBox {
  readonly #documents = new Map<string, Map<string, Kept>>()
  #sink: BoxSink

  constructor(sink: BoxSink) {
    this.#sink = sink
  }

  /** `fields` are plain JSON that nobody else changes. Members that are undefined do not count. */
  added(by: Publisher, collection: string, id: string, fields: Fields): void {
    const kept = this.#documents.get(collection)?.get(id)
    if (kept) {
      kept.by.add(by)
      this.#change(kept, by, collection, id, fields)
      return
    }
    const members = new Map<string, Claims>()
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) members.set(name, [{ by, value }])
    const document = { by: new Set([by]), members }
    const others = this.#documents.get(collection)
    if (others) others.set(id, document)
    else this.#documents.set(collection, new Map([[id, document]]))
    this.#sink.added(collection, id, seen(document))
  }

  /** Members that are undefined are gone, as far as this publisher is concerned. */
  changed(by: Publisher, collection: string, id: string, fields: Fields): void {
    const kept = this.#documents.get(collection)?.get(id)
    if (!kept?.by.has(by)) throw new Error(`There is no document ${id} of ${collection} to change`)
    this.#change(kept, by, collection, id, fields)
  }

  removed(by: Publisher, collection: string, id: string): void {
    const documents = this.#documents.get(collection)
    const kept = documents?.get(id)
    if (!kept?.by.delete(by)) throw new Error(`There is no document ${id} of ${collection} to remove`)
    if (kept.by.size === 0) {
      documents?.delete(id)
      if (documents?.size === 0) this.#documents.delete(collection)
      this.#sink.removed(collection, id)
      return
    }
    const gone: Record<string, undefined> = {}
    for (const [name, claims] of kept.members) if (claims.some(claim => claim.by === by)) gone[name] = undefined
    this.#change(kept, by, collection, id, gone)
  }

  /** Tells the sink what takes a client that has everything of `before` to what is here, and is its sink from then on. */
  succeed(before: MergeBox, sink: BoxSink): void {
    for (const [collection, documents] of before.#documents) {
      for (const id of documents.keys()) if (!this.#documents.get(collection)?.has(id)) sink.removed(collection, id)
    }
    for (const [collection, documents] of this.#documents) {
      for (const [id, kept] of documents) {
        const earlier = before.#documents.get(collection)?.get(id)
        if (earlier) tellDifference(earlier, kept, (fields, cleared) => sink.changed(collection, id, fields, cleared))
        else sink.added(collection, id, seen(kept))
      }
    }
    this.#sink = sink
  }

  #change(kept: Kept, by: Publisher, collection: string, id: string, fields: Fields): void {
    const changed: Record<string, unknown> = {}
    const cleared: string[] = []
    for (const [name, value] of Object.entries(fields)) {
      const before = kept.members.get(name)?.[0]?.value
      if (value === undefined) withdraw(kept, name, by)
      else claim(kept, name, by, value)
      const after = kept.members.get(name)?.[0]?.value
      if (EJSON.equals(before, after)) continue
      if (after === undefined) cleared.push(name)
      else changed[name] = after
    }
    if (cleared.length > 0 || Object.keys(changed).length > 0) this.#sink.changed(collection, id, changed, cleared)
  }
}

/** Told to nobody: for a box that is still being filled. */
export const SILENT: BoxSink = { added() {}, changed() {}, removed() {} }

function claim(kept: Kept, name: string, by: Publisher, value: unknown): void {
  const claims = kept.members.get(name)
  const own = claims?.find(one => one.by === by)
  if (own) own.value = value
  else if (claims) claims.push({ by, value })
  else kept.members.set(name, [{ by, value }])
}

function withdraw(kept: Kept, name: string, by: Publisher): void {
  const claims = kept.members.get(name)?.filter(one => one.by !== by)
  if (!claims) return
  if (claims.length === 0) kept.members.delete(name)
  else kept.members.set(name, claims)
}

function seen({ members }: Kept): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [name, claims] of members) fields[name] = claims[0]?.value
  return fields
}

function tellDifference(before: Kept, after: Kept, tell: (fields: Record<string, unknown>, cleared: string[]) => void): void {
  const [was, is] = [seen(before), seen(after)]
  const fields = Object.fromEntries(Object.entries(is).filter(([name, value]) => !EJSON.equals(was[name], value)))
  const cleared = Object.keys(was).filter(name => !Object.hasOwn(is, name))
  if (cleared.length > 0 || Object.keys(fields).length > 0) tell(fields, cleared)
}
