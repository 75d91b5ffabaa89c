/** Deeds on counters: attempts in windows, failures in a row. */
import type { Along, Count, Failures, Tally } from '../../../core/store.ts'
import { all, one, statement, write } from '../statement.ts'
import type { Deed } from '../statement.ts'
import { writeAlong } from './along.ts'

export function* countAttempts(counts: readonly Count[], now: number): Deed<Tally[]> {
  const tallies = new Map<string, Tally>()
  for (const { key, window } of inOrder(counts)) {
    const row = yield* one(COUNT, [key, now + window, now])
    tallies.set(key, { key, count: row?.count ?? 1, resetsAt: row?.resets_at ?? now + window })
  }
  return counts.flatMap(({ key }) => tallies.get(key) ?? [])
}

/** Everybody raises counters in one order, so that two logins never wait for each other. */
export const inOrder = <T extends { key: string }>(counters: readonly T[]): T[] =>
  counters.toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)))

export function* failAttempts(keys: readonly string[], now: number, memory: number, along?: Along): Deed<Failures[]> {
  const failures = new Map<string, Failures>()
  for (const key of keys.toSorted()) {
    const row = yield* one(FAIL, [key, now, now + memory])
    failures.set(key, { count: row?.count ?? 1, lastAt: row?.last_at ?? now })
  }
  yield* writeAlong(along)
  return keys.flatMap(key => failures.get(key) ?? [])
}

export interface FailureRow {
  key: string
  count: number
  last_at: number
}

export function* readFailures(keys: readonly string[], now: number): Deed<(Failures | null)[]> {
  const rows = yield* all(READ, [keys, now])
  return keys.map(key => toFailures(rows.find(row => row.key === key)))
}

export const toFailures = (row: FailureRow | undefined): Failures | null => (row ? { count: row.count, lastAt: row.last_at } : null)

export function* clearFailures(keys: readonly string[]): Deed<void> {
  for (const key of keys.toSorted()) yield* write(CLEAR, [key])
}

export function* sweepAttempts(now: number, limit: number): Deed<number> {
  const windows = (yield* all(SWEEP_WINDOWS, [now, limit])).length
  if (windows >= limit) return windows
  return windows + (yield* all(SWEEP_FAILURES, [now, limit - windows])).length
}

/** A window that ended starts again with this attempt. */
const COUNT = statement<{ count: number; resets_at: number }>(
  'attempts_count',
  ({ t }) => `insert into ${t.attempts} as a (collection, key, count, resets_at) values ($1, $2, 1, $3)
  on conflict (collection, key) do update set ${raised('$4')} returning count, resets_at`,
)

/** How a window that is there already is raised. */
export const raised = (now: string): string => `count = case when a.resets_at <= ${now} then 1 else a.count + 1 end,
    resets_at = case when a.resets_at <= ${now} then excluded.resets_at else a.resets_at end`

const FAIL = statement<{ count: number; last_at: number }>(
  'failures_raise',
  ({ t }) => `insert into ${t.failures} as f (collection, key, count, last_at, forget_at) values ($1, $2, 1, $3, $4)
  on conflict (collection, key) do update set count = case when f.forget_at <= $3 then 1 else f.count + 1 end,
    last_at = excluded.last_at, forget_at = excluded.forget_at
  returning count, last_at`,
)

const READ = statement<FailureRow>(
  'failures_read',
  ({ t, among }) => `select key, count, last_at from ${t.failures} where collection = $1 and key ${among('$2')} and forget_at > $3`,
)

const CLEAR = statement('failures_clear', ({ t }) => `delete from ${t.failures} where collection = $1 and key = $2`)

const SWEEP_WINDOWS = statement<{ key: string }>(
  'attempts_sweep',
  ({ t, lockFree }) => `delete from ${t.attempts} where collection = $1 and key in (
    select key from ${t.attempts} where collection = $1 and resets_at <= $2 order by resets_at limit $3${lockFree}
  ) returning key`,
)

const SWEEP_FAILURES = statement<{ key: string }>(
  'failures_sweep',
  ({ t, lockFree }) => `delete from ${t.failures} where collection = $1 and key in (
    select key from ${t.failures} where collection = $1 and forget_at <= $2 order by forget_at limit $3${lockFree}
  ) returning key`,
)
