/**
 * Statements, and deeds made of them. A deed is written once, as a generator that asks for one statement after another; SQLite runs it
 * in one go without giving up the thread, PostgreSQL runs it over the wire, each in one transaction.
 */
import type { Dialect } from './dialect.ts'

/** What can be bound. Lists are bound as the engine likes them: an array, or JSON. */
export type Value = string | number | null | undefined | readonly string[]

/** A row as the driver brings it: JSON columns as text on both engines. */
export type Row = Readonly<Record<string, string | number | null>>

/** One SQL statement. `$1` is always the collection, put in front by the engine; a deed's own values begin with `$2`. */
export interface Statement<R = Row> {
  readonly name: string
  text(dialect: Dialect): string
  /** Type of the rows it returns; never present at run time. */
  readonly row?: R
}

/** What a deed asks its engine for. */
export type Step =
  | { readonly kind: 'rows' | 'row'; readonly statement: Statement<unknown>; readonly values: readonly Value[] }
  | { readonly kind: 'write'; readonly statement: Statement<unknown>; readonly values: readonly Value[] }
  /** To be told to the listeners of this process once the deed is committed. */
  | { readonly kind: 'tell'; readonly userIds: readonly string[] }

/** A deed under way. */
export type Deed<T> = Generator<Step, T, readonly unknown[]>

/** Thrown inside a deed: everything it wrote is undone, and the caller gets `outcome`. */
export class Undo {
  readonly outcome: unknown

  constructor(outcome: unknown) {
    this.outcome = outcome
  }
}

/** Names a statement. The name is its prepared name on PostgreSQL, so it must be the only one. */
export function statement<R = Row>(name: string, text: (dialect: Dialect) => string): Statement<R> {
  return { name, text }
}

/** Rows of a statement. */
export function* all<R>(asked: Statement<R>, values: readonly Value[]): Deed<R[]> {
  // The statement's columns are what its row type says: both are written side by side in one file.
  return (yield { kind: 'rows', statement: asked, values }) as R[]
}

/** First row of a statement, if any. */
export function* one<R>(asked: Statement<R>, values: readonly Value[]): Deed<R | undefined> {
  // See `all`.
  return (yield { kind: 'row', statement: asked, values })[0] as R | undefined
}

/** Runs a statement whose rows nobody needs. PostgreSQL does not wait for it before the next step. */
export function* write(asked: Statement<unknown>, values: readonly Value[]): Deed<void> {
  yield { kind: 'write', statement: asked, values }
}

/** Has listeners of this process told about users whose sessions changed, after the commit. */
export function* tell(userIds: readonly string[]): Deed<void> {
  if (userIds.length > 0) yield { kind: 'tell', userIds }
}

/** Runs deeds. `full`: durable when the promise resolves. `relaxed`: atomic, but a power cut may lose it. */
export interface Engine {
  readonly dialect: Dialect
  /** One statement that only reads. */
  read<T>(deed: () => Deed<T>): Promise<T>
  transact<T>(deed: () => Deed<T>, durability?: Durability): Promise<T>
  /** Most rows one transaction of a sweep may delete; sweeps go on in further transactions. */
  readonly slice: Slice
}

export type Durability = 'full' | 'relaxed'

/** Cuts a long deletion into transactions that do not hold anybody up. */
export interface Slice {
  /** Calls `sweep` with limits until it deletes less than it may, or `limit` rows are gone; returns how many are. */
  run(limit: number, sweep: (limit: number) => Promise<number>): Promise<number>
}

/** Text as both engines can keep it: neither U+0000 nor half a surrogate pair. Only names of no account and odd headers hold those. */
export const storable = (text: string): string => (UNSTORABLE.test(text) ? text.replaceAll(new RegExp(UNSTORABLE, 'gu'), '\uFFFD') : text)

const UNSTORABLE = /[\0\p{Surrogate}]/u

/** Records as one parameter. Nested JSON goes in as text, already escaped. */
export const recordList = (records: readonly object[]): string =>
  JSON.stringify(records, (_key, value: unknown) => (typeof value === 'string' ? storable(value) : value))
