/** The kinds of values a setting can have. Each reads both a text (environment, flag) and a native value (config file). */
import * as v from 'valibot'
import { splitSecrets, withLineBreaks } from './signing-key.ts'

/** Reads one setting; its messages complete the sentence "PORT …". */
export type Kind<T> = v.GenericSchema<unknown, T>

/** Any text with something in it. */
export const text: Kind<string> = v.pipe(v.string('must be a text'), v.trim(), v.nonEmpty('must not be empty'))

/** A whole number between two bounds, both allowed. */
export const wholeNumber = (least: number, most: number): Kind<number> => {
  const message = `must be a whole number from ${least} to ${most}`
  return v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.trim(), v.regex(/^\d{1,15}$/), v.transform(Number))], message),
    v.integer(message),
    v.minValue(least, message),
    v.maxValue(most, message),
  )
}

const WORDS: Record<string, boolean> = { on: true, true: true, yes: true, '1': true, off: false, false: false, no: false, '0': false }

/** `on` or `off`; `true`, `false`, `yes`, `no`, `1` and `0` are understood too. */
export const onOff: Kind<boolean> = v.union(
  [
    v.boolean(),
    v.pipe(
      v.string(),
      v.transform(word => word.trim().toLowerCase()),
      v.check(word => Object.hasOwn(WORDS, word)),
      v.transform(word => WORDS[word] === true),
    ),
  ],
  'must be on or off',
)

/** One word of a closed list. */
export const oneOf = <const T extends string>(words: readonly T[]): Kind<T> =>
  v.picklist(words, `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`)

/** Several texts, separated by commas or given as a list. */
export const list = (each: v.GenericSchema<string, string> = v.string()): Kind<string[]> =>
  v.pipe(v.union([v.array(v.string()), v.pipe(v.string(), v.transform(split))], 'must be a list, separated by commas'), v.array(each))

/** A JWK, taken for a secret or for several, would let in whoever knows its public half. */
const isNoJwk = (given: string): boolean => !/"kty"\s*:/.test(given)
const NO_JWK = 'must hold keys as PEM, not as JWK'

/** A secret: any text, or a key. */
export const secret: Kind<string> = v.pipe(text, v.check(isNoJwk, NO_JWK), v.transform(withLineBreaks))

/** Several secrets, separated by commas or given as a list. */
export const secrets: Kind<string[]> = v.pipe(
  v.union([v.array(v.string()), v.string()], 'must be a list, separated by commas'),
  v.check(given => [given].flat().every(isNoJwk), NO_JWK),
  v.transform(given => (typeof given === 'string' ? splitSecrets(given) : given).map(withLineBreaks)),
)

const split = (given: string): string[] =>
  given
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')

/** An address of one of the given schemes, without a trailing slash. */
export const address = (...schemes: string[]): Kind<string> =>
  v.pipe(
    v.string('must be a text'),
    v.trim(),
    v.check(
      given => URL.canParse(given) && schemes.includes(new URL(given).protocol.slice(0, -1)),
      `must be an address that begins with ${schemes.map(scheme => `${scheme}://`).join(' or ')}`,
    ),
    v.transform(given => given.replace(/\/+$/, '')),
  )

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const DURATION = /^(\d{1,9})\s*(ms|s|m|h|d|w)$/

/** A duration in milliseconds: a number of them, or a text such as `90m` or `7d`. */
export const duration: Kind<number> = v.pipe(
  v.union(
    [v.number(), v.pipe(v.string(), v.trim(), v.regex(DURATION), v.transform(toMilliseconds))],
    'must be a duration such as 30s, 90m or 7d',
  ),
  v.integer('must be a whole number of milliseconds'),
  v.minValue(1, 'must be more than nothing'),
)

/** A duration, or `never` (null). */
export const durationOrNever: Kind<number | null> = v.union(
  [
    v.pipe(
      v.nullable(v.literal('never')),
      v.transform(() => null),
    ),
    duration,
  ],
  'must be a duration such as 7d, or never',
)

function toMilliseconds(given: string): number {
  const [, amount = '0', unit = 'ms'] = DURATION.exec(given) ?? []
  return Number(amount) * (UNITS[unit] ?? 1)
}
