/** How users are read: which fields, in which order, how many. */
import type { FieldOptions, FieldSelector } from '@latchkey/common/meteor'
import { isPlain, readPath, refuse, valuesAt } from './paths.ts'

/** How users are read. An option that nobody knows is refused: what is meant to keep fields from somebody must not do nothing. */
export interface FindOptions extends FieldOptions {
  /** The same as `fields`, by Mongo's own name for it; goes before it. */
  projection?: FieldSelector
  /** By which fields, the first before the second: `{ createdAt: -1, username: 1 }`. Everybody who is meant is read before the first is handed over. @default by id */
  sort?: SortOrder
  /** At most so many; 0: all. @default all */
  limit?: number
  /** Passes over so many first. @default 0 */
  skip?: number
}

/** Fields in the order they count, each upward (1, `'asc'`) or downward (-1, `'desc'`). */
export type SortOrder = Readonly<Record<string, 1 | -1>> | readonly (string | readonly [field: string, direction: 'asc' | 'desc'])[]

/** What options come down to. */
export interface ReadFindOptions {
  fields: FieldSelector | undefined
  /** Undefined: in the order of ids. */
  compare: ((one: object, other: object) => number) | undefined
  limit: number
  skip: number
}

/** Meteor's and its driver's, that change how MongoDB works and not what is found. */
const WITHOUT_MEANING: ReadonlySet<string> = new Set([
  'reactive',
  'disableOplog',
  'pollingIntervalMs',
  'pollingThrottleMs',
  'maxTimeMs',
  'hint',
  'readPreference',
  'batchSize',
])

/** @throws MeteorError 409 for an option that is not known, and for what it cannot be */
export function readFindOptions(options: FindOptions): ReadFindOptions {
  const { fields, projection, sort, limit = 0, skip = 0, ...others } = options
  for (const [name, value] of Object.entries(others))
    if (value !== undefined && value !== null && !WITHOUT_MEANING.has(name)) refuse(`The option "${name}" is not known here`)
  for (const [name, count] of [
    ['limit', limit],
    ['skip', skip],
  ] as const)
    if (!Number.isInteger(count) || count < 0) refuse(`${name} is a whole number`)
  return { fields: projection ?? fields, compare: sort && comparing(sort), limit: limit === 0 ? Infinity : limit, skip }
}

function comparing(sort: SortOrder): ((one: object, other: object) => number) | undefined {
  const order = readOrder(sort)
  if (order.length === 0) return undefined
  return (one, other) => {
    for (const { names, direction } of order) {
      const difference = compare(keyOf(one, names, direction), keyOf(other, names, direction)) * direction
      if (difference !== 0) return difference
    }
    return 0
  }
}

function readOrder(sort: unknown): { names: string[]; direction: 1 | -1 }[] {
  const entries: unknown[] = Array.isArray(sort) ? sort : isPlain(sort) ? Object.entries(sort) : refuse('sort takes fields')
  return entries.map(entry => {
    const [field, direction = 1]: readonly unknown[] = Array.isArray(entry) ? (entry as unknown[]) : [entry]
    if (typeof field !== 'string') refuse('sort takes fields')
    const isUp = direction === 1 || direction === 'asc'
    if (!isUp && direction !== -1 && direction !== 'desc') refuse(`"${field}" is sorted by 1 or -1`)
    return { names: readPath(field), direction: isUp ? 1 : -1 }
  })
}

/** Of a list the least counts on the way up, and the greatest on the way down, as in Mongo. */
function keyOf(document: object, names: readonly string[], direction: 1 | -1): unknown {
  const values = valuesAt(document, names).flat()
  return values.length === 0 ? undefined : values.reduce((best, one) => (compare(one, best) * direction < 0 ? one : best))
}

/** In Mongo's order of kinds: nothing, numbers, texts, objects, truth, dates. */
function rankOf(value: unknown): number {
  if (value === undefined || value === null) return 0
  if (value instanceof Date) return 5
  return { number: 1, bigint: 1, string: 2, object: 3, boolean: 4, symbol: 3, function: 3, undefined: 0 }[typeof value]
}

function compare(one: unknown, other: unknown): number {
  const difference = rankOf(one) - rankOf(other)
  if (difference !== 0) return difference
  if (typeof one === 'string' && typeof other === 'string') return one < other ? -1 : Number(one > other)
  const isMeasured = typeof one === 'number' || typeof one === 'boolean' || one instanceof Date
  return isMeasured ? Number(one) - Number(other) : 0
}
