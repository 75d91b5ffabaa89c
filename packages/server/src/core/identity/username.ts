/** A name somebody can sign in with, and what it is unique by. */
export interface ParsedUsername {
  /** As typed, without the spaces around it. */
  username: string
  /** NFKC and case-folded: names that differ only by case, width or composition have one key. */
  key: string
}

/** accounts-js's default rule for names, which `AccountsPassword` keeps. */
export const ACCOUNTS_JS_USERNAME: RegExp = /^[a-zA-Z][a-zA-Z0-9]*$/

const LONGEST_NAME = 64
const LONGEST_KEY = 256

// What can be seen: letters, marks, digits, punctuation, symbols, single spaces between. Not: controls, formats, other spaces, private use, unassigned.
const VISIBLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]+(?: [\p{L}\p{M}\p{N}\p{P}\p{S}]+)*$/u
// Of those, what leaves no ink: fillers, variation selectors, the empty Braille cell.
const INKLESS = /[\p{Default_Ignorable_Code_Point}\u2800]/u

/**
 * Reads a name for a new account, or null: 1 to 64 characters, all visible, no `@` in any width (an old name with one still signs in, see
 * {@link usernameKey}), no mixture of scripts that could pass one name off as another.
 */
export function parseUsername(typed: unknown): ParsedUsername | null {
  if (typeof typed !== 'string' || typed.length > 4 * LONGEST_NAME) return null
  const username = typed.replace(/^ +| +$/g, '')
  if (!VISIBLE.test(username) || INKLESS.test(username) || Array.from(username).length > LONGEST_NAME) return null
  const key = fold(username)
  if (key.includes('@') || key.length > LONGEST_KEY || mixesScripts(key)) return null
  return { username, key }
}

/** The key to look a name up by. Answers for any text, because old databases hold names that {@link parseUsername} would not accept today. */
export function usernameKey(typed: string): string {
  // One character more than any key that is kept: it matches nobody, and costs no more than that.
  return fold(typed.slice(0, 2 * LONGEST_KEY).trim()).slice(0, LONGEST_KEY + 1)
}

/**
 * Case folding by way of upper case, so that `ß` meets `SS` and the two lower-case sigmas meet; folding again reaches a fixed point for the characters that
 * only compose or decompose on the way. Accents that stand alone (`¨`) decompose into a space and a mark: at the edge of a name the space goes.
 */
function fold(name: string): string {
  const folded = name.normalize('NFKC').toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFKC').trim()
  return folded === name ? folded : fold(folded)
}

// Unicode UAX 31, table 5: the scripts in everyday use. All others count as one further script.
const SCRIPTS: readonly string[] = (
  'Latin Cyrillic Greek Arabic Armenian Bengali Bopomofo Devanagari Ethiopic Georgian Gujarati Gurmukhi Han Hangul Hebrew Hiragana ' +
  'Kannada Katakana Khmer Lao Malayalam Myanmar Oriya Sinhala Tamil Telugu Thaana Thai Tibetan'
).split(' ')
const CHARACTER_OF: readonly [script: string, test: RegExp][] = SCRIPTS.map(script => [
  script,
  new RegExp(`\\p{Script_Extensions=${script}}`, 'u'),
])
const NEUTRAL = /\p{Script=Common}|\p{Script=Inherited}/u

// Unicode UTS 39, 5.2, "highly restrictive": only these are written together.
const TOGETHER: readonly (readonly string[])[] = [
  ['Latin', 'Han', 'Hiragana', 'Katakana'],
  ['Latin', 'Han', 'Bopomofo'],
  ['Latin', 'Han', 'Hangul'],
  ...SCRIPTS.map(script => [script]),
  ['other'],
]

/** NFKC does not fold a Cyrillic `а` to a Latin one; refusing the mixture keeps `аdmin` from standing beside `admin`. */
function mixesScripts(name: string): boolean {
  if (/^[\0-\u007f]*$/.test(name)) return false
  const letters = Array.from(name)
    .filter(character => !NEUTRAL.test(character))
    .map(scriptsOf)
  return !TOGETHER.some(group => letters.every(scripts => scripts.some(script => group.includes(script))))
}

function scriptsOf(character: string): string[] {
  const found = CHARACTER_OF.filter(([, test]) => test.test(character)).map(([script]) => script)
  return found.length > 0 ? found : ['other']
}
