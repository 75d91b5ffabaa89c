/**
 * fast-check as our tests use it: `import * as fc from '…/tools/test/properties.ts'`. The gate tries the same inputs at every run, so that it judges a change and
 * not its luck; elsewhere every run tries others. `LATCHKEY_TEST_SEED` (an integer, as a failure prints it) and `LATCHKEY_TEST_RUNS` (a factor) override both.
 */
import { assert as check, configureGlobal, constantFrom, integer, oneof, string } from 'fast-check'
import type { Arbitrary, IAsyncProperty, IProperty, IRawProperty, Parameters } from 'fast-check'

export * from 'fast-check'

/** What fast-check tries where a test does not say how many. */
const RUNS = 100
/** No number is better than another; counterexamples of other seeds become examples of their own. */
const SEED_OF_THE_GATE = 1

// A test that says `maxLength: 80` means up to 80: by itself fast-check makes none longer than 10, in which hardly two of a state machine's steps meet.
configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true })

const seed = number('LATCHKEY_TEST_SEED') ?? (process.env['CI'] ? SEED_OF_THE_GATE : undefined)
const factor = number('LATCHKEY_TEST_RUNS') ?? 1

/** Stands before fast-check's own. Throws with the smallest counterexample it finds, and with the seed that leads there. */
export function assert<Ts>(property: IAsyncProperty<Ts>, params?: Parameters<Ts>): Promise<void>
export function assert<Ts>(property: IProperty<Ts>, params?: Parameters<Ts>): void
export function assert<Ts>(property: IRawProperty<Ts>, params: Parameters<Ts> = {}): Promise<void> | void {
  const numRuns = Math.ceil((params.numRuns ?? RUNS) * factor)
  return check(property, { ...(seed !== undefined && { seed }), ...params, numRuns })
}

/** Any text at all, where fast-check's `string()` keeps to what can be printed in ASCII: with NUL, halves of characters, marks, and what machines read something into. */
export function anyText(): Arbitrary<string> {
  const halves = integer({ min: 0, max: 0xffff }).map(code => String.fromCharCode(code))
  const texts = [undefined, 'grapheme' as const, 'binary' as const, halves, constantFrom(...TELLING)].map(unit => string(unit && { unit }))
  return oneof(...texts)
}

const TELLING: readonly string[] = [
  ['\0', '\r\n', '\t', '\u00a0', '\u2028', '\u202e', '\ufeff', '\ud83d', '\u0301', 'ß', 'İ', 'ı', 'ſ', '\u212a', 'ﬁ', '한', '😀'],
  ['__proto__', 'constructor', 'toString', 'then', 'null', 'undefined', 'NaN', '-0', '1e999', '$where', '%00', '%ZZ', '../', '//'],
  Array.from('.,:;=@#?&%$*~|/\\"\'`<>()[]{} '),
].flat()

function number(variable: string): number | undefined {
  const given = process.env[variable]
  if (!given) return undefined
  if (Number.isFinite(Number(given))) return Number(given)
  throw new TypeError(`${variable} is no number: ${given}`)
}
