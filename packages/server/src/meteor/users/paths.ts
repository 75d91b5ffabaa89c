/** Names of fields as Mongo writes them, `profile.addresses.0.city`, and the way through a document that they describe. */
import { MeteorError } from '@latchkey/common/meteor'

/** A document, or a part of one. */
export type Fields = Record<string, unknown>

/** Names that are no fields: they would reach what every object has in common. */
const UNTOUCHABLE: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** A list does not grow by more than this at once: an index is a number that somebody sent. */
const LARGEST_GAP = 1000

/** @throws MeteorError 409, as Meteor refuses what no modifier can mean */
export function refuse(why: string): never {
  throw new MeteorError(409, why)
}

/** Mongo's limit too: no document is nested deeper. */
export const DEEPEST = 100

/** The names along a path. @throws MeteorError for an empty one, an operator, and names that are no fields */
export function readPath(path: string): string[] {
  const names = path.split('.', DEEPEST + 1)
  if (names.length > DEEPEST) refuse('A field is not nested so deeply')
  for (const name of names) {
    if (name === '') refuse(`"${path}" is not the name of a field`)
    if (name.startsWith('$')) refuse(`"${path}": ${name} is not known here. Name the element by its number`)
    if (UNTOUCHABLE.has(name) || name.includes('\0')) refuse(`"${path}" is not the name of a field`)
  }
  return names
}

/** A copy of a value for a document. @throws MeteorError for names in it that mean something else, and what is no data */
export function readValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') refuse(`A ${typeof value} cannot be kept`)
  if (typeof value !== 'object' || value === null) return value
  if (depth > DEEPEST) refuse('The value is nested too deeply')
  if (Array.isArray(value)) return value.map(each => readValue(each, depth + 1))
  if (!isPlain(value)) return value
  for (const name of Object.keys(value)) {
    if (name.startsWith('$')) refuse(`Key ${name} must not start with '$'`)
    if (name.includes('.')) refuse(`Key ${name} must not contain '.'`)
    if (name === '' || UNTOUCHABLE.has(name) || name.includes('\0')) refuse(`Key ${JSON.stringify(name)} is not the name of a field`)
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, readValue(each, depth + 1)]))
}

/** True for an object that has fields; a date, bytes or another value of a class has none. */
export function isPlain(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** What is at the end of a path; undefined when nothing is. */
export function valueAt(document: unknown, names: readonly string[]): unknown {
  let at = document
  for (const name of names) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    // It has one of its own.
    at = (at as Fields)[name]
  }
  return at
}

/** Every value a path leads to: of lists on the way, into each element, as Mongo's selectors do. */
export function valuesAt(value: unknown, [name, ...rest]: readonly string[]): unknown[] {
  if (name === undefined) return [value]
  if (typeof value !== 'object' || value === null) return []
  // It has one of its own.
  const direct = Object.hasOwn(value, name) ? valuesAt((value as Fields)[name], rest) : []
  const inList = Array.isArray(value) ? value.filter(isPlain).flatMap(each => valuesAt(each, [name, ...rest])) : []
  return [...direct, ...inList]
}

/** Puts a value at the end of a path, and objects along it where nothing is. @throws MeteorError where something else stands in the way */
export function putAt(document: Fields, names: readonly string[], value: unknown): void {
  const { holder, name } = holderOf(document, names)
  if (Array.isArray(holder)) padTo(holder, name)
  Object.assign(holder, { [name]: value })
}

/** Takes away what is at the end of a path; of a list the place stays, empty, as in Mongo. */
export function removeAt(document: Fields, names: readonly string[]): void {
  const holder = valueAt(document, names.slice(0, -1))
  const name = names.at(-1) ?? ''
  if (Array.isArray(holder)) {
    if (Object.hasOwn(holder, name)) holder[Number(name)] = null
  } else if (isPlain(holder)) delete holder[name]
}

function holderOf(document: Fields, names: readonly string[]): { holder: Fields | unknown[]; name: string } {
  let holder: Fields | unknown[] = document
  for (const name of names.slice(0, -1)) {
    if (Array.isArray(holder)) padTo(holder, name)
    const at: unknown = valueAt(holder, [name])
    if (isPlain(at) || Array.isArray(at)) holder = at
    // Null stands in the way too, but not the one that fills a list up.
    else if (at === undefined || (at === null && Array.isArray(holder))) {
      const made: Fields = {}
      Object.assign(holder, { [name]: made })
      holder = made
    } else refuse(`Cannot reach "${names.join('.')}": ${name} has no fields`)
  }
  return { holder, name: names.at(-1) ?? '' }
}

function padTo(list: unknown[], name: string): void {
  if (!/^(?:0|[1-9]\d{0,8})$/.test(name)) refuse(`"${name}" is not a place in a list`)
  const index = Number(name)
  if (index > list.length + LARGEST_GAP) refuse(`"${name}" is too far beyond the end of the list`)
  while (list.length < index) list.push(null)
}
