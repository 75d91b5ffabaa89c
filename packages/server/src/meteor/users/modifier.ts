/** Mongo's modifiers, as far as the fields of a user need them. */
import { EJSON } from '@latchkey/common/ddp'
import { isPlain, putAt, readPath, readValue, refuse, removeAt, valueAt } from './paths.ts'
import type { Fields } from './paths.ts'
import { matchesValue } from './selector.ts'

/** For example `{ $set: { 'profile.name': 'Ada' }, $inc: { visits: 1 } }`. */
export type Modifier = Readonly<Record<string, unknown>>

/** One step of a modifier. */
export interface Change {
  operator: string
  path: string
  names: readonly string[]
  operand: unknown
}

/** Steps of one modifier: each may fill up a list, and what one call costs is what one client can make of it. */
const MOST_STEPS = 1000

/**
 * The steps of a modifier, in order.
 * @throws MeteorError 409 for what is no modifier, names that are no fields, two steps at one place, and more than a thousand of them
 */
export function readModifier(modifier: unknown): Change[] {
  if (!isPlain(modifier)) refuse('A modifier is an object of operators, such as { $set: { … } }')
  const changes: Change[] = []
  for (const [operator, operands] of Object.entries(modifier)) {
    if (!operator.startsWith('$')) refuse(`A user cannot be replaced as a whole. Name the fields: { $set: { ${operator}: … } }`)
    if (!Object.hasOwn(OPERATORS, operator)) refuse(`Invalid modifier specified ${operator}`)
    if (!isPlain(operands)) refuse(`${operator} takes an object, of values by the names of fields`)
    if (changes.length + Object.keys(operands).length > MOST_STEPS) refuse(`A modifier changes ${MOST_STEPS} fields at most`)
    for (const [path, operand] of Object.entries(operands)) changes.push({ operator, path, names: readPath(path), operand })
  }
  refuseConflicts(changes)
  return changes
}

/** The fields at the top level that a modifier touches, each once. */
export const touchedBy = (changes: readonly Change[]): string[] => [...new Set(changes.map(({ names }) => names[0] ?? ''))]

/**
 * The document after the changes; the one that is given is not changed.
 * @throws MeteorError 409 for what does not fit what is there, such as `$push` to something that is no list
 */
export function modify(document: Fields, changes: readonly Change[]): Fields {
  const next = EJSON.clone(document)
  for (const { operator, names, operand, path } of changes) {
    const before = valueAt(next, names)
    // Only operators that are there were read.
    const after = OPERATORS[operator]?.(before, operand, path)
    if (after === KEEP) continue
    if (after === undefined) removeAt(next, names)
    else putAt(next, names, after)
  }
  return next
}

/** Of two steps at one place, or one inside of the other, the outcome would depend on their order. */
function refuseConflicts(changes: readonly Change[]): void {
  const paths = new Set<string>()
  for (const { path } of changes) {
    if (paths.has(path)) refuse(`Updating '${path}' twice at once would create a conflict`)
    paths.add(path)
  }
  for (const { path, names } of changes) {
    const above = names.slice(1).map((_name, at) => names.slice(0, at + 1).join('.'))
    const other = above.find(each => paths.has(each))
    if (other !== undefined) refuse(`Updating '${path}' and '${other}' at once would create a conflict`)
  }
}

/** Leaves what is there, or is not, as it is. */
const KEEP = Symbol('keep')

/** What is at a place after an operator was applied there; undefined: nothing is. */
type Operator = (before: unknown, operand: unknown, path: string) => unknown

const OPERATORS: Readonly<Record<string, Operator>> = {
  $set: (_before, operand) => (operand === undefined ? KEEP : readValue(operand)),
  $unset: () => undefined,
  $inc: (before, operand, path) => numberAt(before ?? 0, path) + readNumber(operand, '$inc'),
  $mul: (before, operand, path) => numberAt(before ?? 0, path) * readNumber(operand, '$mul'),
  $min: (before, operand) => (before === undefined || isLess(operand, before) ? readValue(operand) : KEEP),
  $max: (before, operand) => (before === undefined || isLess(before, operand) ? readValue(operand) : KEEP),
  $push: (before, operand, path) => pushed(listAt(before, path), operand),
  $pushAll: (before, operand, path) => [...listAt(before, path), ...readList(operand, '$pushAll')],
  $addToSet: (before, operand, path) => withEach(listAt(before, path), eachOf(operand)),
  $pop: (before, operand, path) => (before === undefined ? KEEP : popped(listAt(before, path), operand)),
  $pull: (before, operand, path) => (before === undefined ? KEEP : pulled(listAt(before, path), operand)),
  $pullAll: (before, operand, path) => (before === undefined ? KEEP : without(listAt(before, path), readList(operand, '$pullAll'))),
  $bit: (before, operand, path) => bits(numberAt(before ?? 0, path), operand),
}

function numberAt(value: unknown, path: string): number {
  if (typeof value !== 'number') refuse(`Cannot calculate with "${path}": it is no number`)
  return value
}

function readNumber(value: unknown, operator: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) refuse(`${operator} takes numbers`)
  return value
}

function listAt(value: unknown, path: string): unknown[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) refuse(`"${path}" is no list`)
  return [...(value as unknown[])]
}

function readList(value: unknown, operator: string): unknown[] {
  if (!Array.isArray(value)) refuse(`${operator} takes a list`)
  return value.map(each => readValue(each))
}

/** `{ $each: […] }`, or the one value. */
function eachOf(operand: unknown): unknown[] {
  if (isPlain(operand) && Object.hasOwn(operand, '$each')) return readList(operand.$each, '$each')
  return [readValue(operand)]
}

const PUSH: ReadonlySet<string> = new Set(['$each', '$position', '$slice'])

function pushed(list: unknown[], operand: unknown): unknown[] {
  const options = isPlain(operand) && Object.hasOwn(operand, '$each') ? operand : {}
  for (const name of Object.keys(options)) if (!PUSH.has(name)) refuse(`${name} is not known in $push`)
  const { $position: position = list.length, $slice: slice } = options
  if (!Number.isInteger(position)) refuse('$position takes a whole number')
  // A whole number, as was just seen.
  const next = list.toSpliced(position as number, 0, ...eachOf(operand))
  if (slice === undefined) return next
  if (!Number.isInteger(slice)) refuse('$slice takes a whole number')
  const count = slice as number
  return count < 0 ? next.slice(count) : next.slice(0, count)
}

function withEach(list: unknown[], values: readonly unknown[]): unknown[] {
  const there = new Set(list.map(keyOf))
  for (const value of values) {
    const key = keyOf(value)
    if (!there.has(key)) list.push(value)
    there.add(key)
  }
  return list
}

function popped(list: unknown[], operand: unknown): unknown[] {
  if (operand !== 1 && operand !== -1) refuse('$pop takes 1, for the last element, or -1, for the first')
  return operand === 1 ? list.slice(0, -1) : list.slice(1)
}

/** Characters of a condition that is asked about each element of a list. */
const LONGEST_CONDITION = 1000

function pulled(list: unknown[], operand: unknown): unknown[] {
  if (!isPlain(operand)) return without(list, [readValue(operand)])
  const text = JSON.stringify(EJSON.toJSONValue(operand))
  if (text.length > LONGEST_CONDITION)
    refuse(`$pull takes conditions of ${LONGEST_CONDITION} characters at most. Many values take $pullAll`)
  return list.filter(each => !isPulled(each, operand))
}

/** By a condition: of objects on their fields, else on the value. */
function isPulled(each: unknown, operand: Fields): boolean {
  const isCondition = Object.keys(operand).some(name => name.startsWith('$'))
  if (isCondition) return matchesValue([each], operand)
  return isPlain(each) && Object.entries(operand).every(([name, wanted]) => matchesValue([valueAt(each, readPath(name))], wanted))
}

function without(list: readonly unknown[], values: readonly unknown[]): unknown[] {
  const unwanted = new Set(values.map(keyOf))
  return list.filter(each => !unwanted.has(keyOf(each)))
}

/** The same for equal values, in whatever order their fields are: lists are as long as somebody made them, and comparing all with all takes too long. */
const keyOf = (value: unknown): string =>
  JSON.stringify(EJSON.toJSONValue(value), (_name, part: unknown) => (isPlain(part) ? Object.fromEntries(sorted(part)) : part))

const sorted = (fields: Fields): [string, unknown][] => Object.entries(fields).toSorted(([one], [other]) => (one < other ? -1 : 1))

const isOfOneKind = (one: unknown, other: unknown): boolean =>
  (typeof one === 'number' && typeof other === 'number') ||
  (typeof one === 'string' && typeof other === 'string') ||
  (one instanceof Date && other instanceof Date)

function isLess(one: unknown, other: unknown): boolean {
  if (!isOfOneKind(one, other)) refuse('$min and $max compare numbers, texts or dates with their like')
  // Of one kind, which `<` orders.
  return (one as number) < (other as number)
}

function bits(before: number, operand: unknown): number {
  if (!isPlain(operand)) refuse('$bit takes and, or or xor')
  let next = before
  for (const [name, value] of Object.entries(operand)) {
    const number = readNumber(value, '$bit')
    if (name === 'and') next &= number
    else if (name === 'or') next |= number
    else if (name === 'xor') next ^= number
    else refuse('$bit takes and, or or xor')
  }
  return next
}
