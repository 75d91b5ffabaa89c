/** Deeds as one statement: what rides along becomes further parts of it, so that the whole costs one round trip and one commit. */
import type { Along } from '../../../core/store.ts'
import { riders, rideText } from '../deeds/along.ts'
import type { Rider } from '../deeds/along.ts'
import type { Dialect } from '../dialect.ts'
import { statement } from '../statement.ts'
import type { Statement, Value } from '../statement.ts'

/** A statement that data-modifying parts can be added to. */
export interface Compound<R> {
  readonly name: string
  /** How many parameters it has of its own, the collection included. */
  readonly parameters: number
  readonly parts: (dialect: Dialect) => {
    /** Named parts, each run once: `name as (insert …)`. */
    with: string[]
    /** What it answers. */
    select: string
    /** When riders are written. */
    condition: string
  }
  readonly row?: R
}

const compiled = new Map<string, Statement<unknown>>()

/** The statement and all its values. One statement per set of riders, each prepared under a name of its own. */
export function ridden<R>(compound: Compound<R>, values: readonly Value[], along: Along | undefined): [Statement<R>, Value[]] {
  const found = riders(along)
  const name = [compound.name, ...found.map(([rider]) => rider)].join('_')
  const known = compiled.get(name)
  const made =
    known ??
    compile(
      name,
      compound,
      found.map(([rider]) => rider),
    )
  if (!known) compiled.set(name, made)
  // The name says which compound it was made from, so its rows are of that type.
  return [made as Statement<R>, [...values, ...found.map(([, value]) => value)]]
}

function compile<R>(name: string, { parameters, parts }: Compound<R>, wanted: readonly Rider[]): Statement<R> {
  return statement<R>(name, dialect => {
    const { with: named, select, condition } = parts(dialect)
    const riding = wanted.map((rider, index) => `${rider}_ride as (${rideText(rider, dialect, `$${parameters + index + 1}`, condition)})`)
    const all = [...named, ...riding]
    return `with ${all.join(',\n')}\n${select}`
  })
}
