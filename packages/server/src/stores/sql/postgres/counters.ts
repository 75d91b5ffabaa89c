/** Counters, all of a request raised by one statement. Rows are taken in the order of their keys, so that two requests never wait for each other. */
import type { Along, Count, Failures, Tally } from '../../../core/store.ts'
import { raised } from '../deeds/attempts.ts'
import type { Dialect } from '../dialect.ts'
import { recordList, statement } from '../statement.ts'
import { ridden } from './compound.ts'
import type { Compound } from './compound.ts'
import type { PostgresEngine } from './engine.ts'

export async function countAttempts(engine: PostgresEngine, counts: readonly Count[], now: number): Promise<Tally[]> {
  if (counts.length === 0) return []
  return toTallies(counts, await engine.count(COUNT, [countRecords(counts, now), now]))
}

export async function failAttempts(
  engine: PostgresEngine,
  keys: readonly string[],
  now: number,
  memory: number,
  along?: Along,
): Promise<Failures[]> {
  const rows = await engine.pooled(...ridden(FAIL, [[...new Set(keys)], now, now + memory], along))
  return keys.flatMap(key => rows.filter(row => row.key === key).map(row => ({ count: row.count, lastAt: row.last_at })))
}

/** A counter after it was raised. */
export interface TallyRow {
  key: string
  count: number
  resets_at: number
}

/** In the order that was asked. */
export const toTallies = (counts: readonly Count[], rows: readonly TallyRow[]): Tally[] =>
  counts.flatMap(({ key }) => rows.filter(row => row.key === key).map(row => ({ key, count: row.count, resetsAt: row.resets_at })))

/** Counters as one parameter. A key that is named twice is raised once. */
export const countRecords = (counts: readonly Count[], now: number): string =>
  recordList([...new Map(counts.map(({ key, window }) => [key, { key, resets_at: now + window }])).values()])

/** Part of a statement: raises the counters of a record list and returns them. */
export const countedText = ({ t, records }: Dialect, list: string, now: string): string => `counted as (
  insert into ${t.attempts} as a (collection, key, count, resets_at)
  select $1, r.key, 1, r.resets_at from ${records(list, { key: 'text', resets_at: 'number' })} order by r.key collate "C"
  on conflict (collection, key) do update set ${raised(now)} returning key, count, resets_at
)`

const COUNT = statement<TallyRow>('attempts_count_all', d => `with ${countedText(d, '$2', '$3')} select key, count, resets_at from counted`)

const FAIL: Compound<{ key: string; count: number; last_at: number }> = {
  name: 'failures_raise_all',
  parameters: 4,
  parts: ({ t }) => ({
    with: [
      `raised as (
  insert into ${t.failures} as f (collection, key, count, last_at, forget_at)
  select $1, r.key, 1, $3::bigint, $4::bigint from unnest($2::text[]) as r(key) order by r.key collate "C"
  on conflict (collection, key) do update set count = case when f.forget_at <= $3 then 1 else f.count + 1 end,
    last_at = excluded.last_at, forget_at = excluded.forget_at
  returning key, count, last_at
)`,
    ],
    select: 'select key, count, last_at from raised',
    condition: 'true',
  }),
}
