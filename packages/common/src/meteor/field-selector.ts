/** Which fields of a document are wanted: MongoDB's projections, as far as users and publications need them. */

/**
 * Names of fields, also nested ones (`profile.name`). All true (1): these fields and `_id`. All false (0): every field but these. Empty: the whole
 * document. `_id` may be said either way.
 */
export type FieldSelector = Readonly<Record<string, 0 | 1 | boolean>>

/** The option by which a caller says which fields they want. */
export interface FieldOptions {
  fields?: FieldSelector
}

/**
 * The fields of a document that a selector asks for. The document is not changed; what is nested and wanted whole is shared with it. Lists are looked
 * into, as MongoDB does.
 * @throws TypeError for a selector that asks for some fields and refuses others
 * @example
 * import { project } from '@latchkey/common/meteor'
 * console.log(project({ _id: 'a', username: 'ada', profile: { name: 'Ada', age: 36 } }, { 'profile.name': 1 })) // { _id: 'a', profile: { name: 'Ada' } }
 */
export function project<Document extends object>(document: Document, selector: FieldSelector | undefined): Partial<Document> {
  const paths = Object.keys(selector ?? {}).filter(path => path !== '_id')
  const withId = wants(selector, '_id')
  const inclusion = isInclusion(selector)
  if (paths.some(path => wants(selector, path) !== inclusion))
    throw new TypeError('A field selector names fields to send or fields to leave out, not both')
  const tree = treeOf(paths)
  const chosen = { ...(inclusion ? including(document, tree) : excluding(document, tree)) }
  if (withId === false) delete chosen._id
  else if ('_id' in document) chosen._id = document._id
  // Some of its fields, each as it was.
  return chosen as Partial<Document>
}

/**
 * The options of a look-up, with the default selector where it has a say: not for a caller who names the fields they want, and not for `fields: {}`, which
 * is everything. Fields that a caller leaves out are left out beside those that the default leaves out.
 */
export function addDefaultFieldSelector<Options extends FieldOptions>(
  options: Options,
  defaultSelector: FieldSelector | undefined,
): Options {
  if (!defaultSelector) return options
  const { fields } = options
  if (!fields) return { ...options, fields: defaultSelector }
  const isEverything = Object.keys(fields).length === 0
  if (isEverything || isInclusion(fields) || isInclusion(defaultSelector)) return options
  return { ...options, fields: { ...defaultSelector, ...fields } }
}

/** True for a selector that names what is wanted, rather than what is not. */
export function isInclusion(selector: FieldSelector | undefined): boolean {
  const names = Object.keys(selector ?? {})
  const [first = '_id'] = names.filter(name => name !== '_id')
  // Of `_id` alone: `{ _id: 1 }` wants nothing else, `{ _id: 0 }` everything else.
  return names.length > 0 && wants(selector, first) === true
}

const wants = (selector: FieldSelector | undefined, name: string): boolean | undefined =>
  selector && Object.hasOwn(selector, name) ? Boolean(selector[name]) : undefined

/** Names by name, down to `true` where a whole field is meant. */
interface Tree {
  [name: string]: Tree | true
}

function treeOf(paths: readonly string[]): Tree {
  const root = emptyTree()
  for (const path of paths) {
    const names = path.split('.')
    const last = names.pop() ?? ''
    let at: Tree | true = root
    for (const name of names) {
      // A field that is meant whole already holds whatever lies in it.
      if (at === true) break
      at = at[name] ??= emptyTree()
    }
    if (at !== true) at[last] = true
  }
  return root
}

// Without a prototype: a field may have any name.
const emptyTree = (): Tree => Object.create(null) as Tree

function including(document: object, tree: Tree): Record<string, unknown> {
  const chosen: [string, unknown][] = []
  for (const [name, value] of Object.entries(document)) {
    const below = tree[name]
    if (below === true) chosen.push([name, value])
    else if (below && isNested(value)) chosen.push([name, inside(value, each => including(each, below), false)])
  }
  return Object.fromEntries(chosen)
}

function excluding(document: object, tree: Tree): Record<string, unknown> {
  const chosen: [string, unknown][] = []
  for (const [name, value] of Object.entries(document)) {
    const below = tree[name]
    if (below === true) continue
    chosen.push([name, below && isNested(value) ? inside(value, each => excluding(each, below), true) : value])
  }
  return Object.fromEntries(chosen)
}

/** Of a list, what its objects have; values in it that are no objects are kept or not. */
function inside(value: object, choose: (object: object) => unknown, keepOthers: boolean): unknown {
  if (!Array.isArray(value)) return choose(value)
  return value
    .filter(each => keepOthers || isNested(each))
    .map((each: unknown) => (isNested(each) ? inside(each, choose, keepOthers) : each))
}

/** Dates, binary and other values of a class have no fields to choose from. */
function isNested(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
