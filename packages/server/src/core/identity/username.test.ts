import { describe, expect, test } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { ACCOUNTS_JS_USERNAME, parseUsername, usernameKey } from './username.ts'

describe('parseUsername', () => {
  test.each([
    ['ada', 'ada'],
    ['Ada', 'ada'],
    ['ada.lovelace-1_x', 'ada.lovelace-1_x'],
    ['Ada Lovelace', 'ada lovelace'],
    ['x', 'x'],
    ['42', '42'],
    ['Straße', 'strasse'],
    ['STRASSE', 'strasse'],
    ['Ａｄａ', 'ada'],
    ['Жанна', 'жанна'],
    ['ΑΣ', 'ας'.replace('ς', 'σ')],
    ['太郎', '太郎'],
    ['たろうtaro', 'たろうtaro'],
    ['한글abc', '한글abc'],
    ['สมชาย', 'สมชาย'],
    ['O’Brien', 'o’brien'],
    ['😀', '😀'],
  ])('reads %s', (typed, key) => {
    expect(parseUsername(typed)).toEqual({ username: typed, key })
  })

  test('keeps the name as it was typed, without the spaces around it', () => {
    expect(parseUsername('  Ada ')).toEqual({ username: 'Ada', key: 'ada' })
  })

  test.each([
    ['nothing', ''],
    ['spaces only', '   '],
    ['65 characters', 'a'.repeat(65)],
    ['65 characters beyond the first plane', '𝒜'.repeat(65)],
    ['a megabyte', 'a'.repeat(1_000_000)],
    ['few characters that fold into many', '\ufdfa'.repeat(40)],
    ['an @', 'ada@example.org'],
    ['a full-width @', 'ada＠example'],
    ['a small @', 'ada﹫example'],
    ['two spaces in a row', 'ada  lovelace'],
    ['a no-break space', 'ada\u00a0lovelace'],
    ['an ideographic space', 'ada\u3000lovelace'],
    ['a new line', 'ada\nlovelace'],
    ['a new line at the end', 'ada\n'],
    ['NUL', 'ada\0'],
    ['a zero-width joiner', 'a\u200dda'],
    ['a zero-width space', 'a\u200bda'],
    ['a soft hyphen', 'a\u00adda'],
    ['a right-to-left override', 'ada\u202enimda'],
    ['a variation selector', 'ada\ufe0f'],
    ['a Hangul filler', '\u3164'],
    ['the empty Braille cell', '\u2800'],
    ['a private character', 'ada\ue000'],
    ['a lone surrogate', 'ada\ud800'],
    ['a Cyrillic letter among Latin ones', '\u0430dmin'],
    ['a Greek letter among Latin ones', 'adm\u03b9n'],
    ['a mathematical letter among Cyrillic ones', '𝐚дмин'],
    ['Cherokee among Latin ones', 'Ꭺdmin'],
    ['Hiragana with Hangul', 'たろう한글'],
  ])('refuses %s', (_, typed) => {
    expect(parseUsername(typed)).toBeNull()
  })

  test.each([[undefined], [null], [7], [{ $gt: '' }], [['ada']]])('refuses what is no text: %s', typed => {
    expect(parseUsername(typed)).toBeNull()
  })

  test('the Kelvin sign, full-width and composed letters lead to one key', () => {
    expect(parseUsername('mi\u212ae')?.key).toBe('mike')
    expect(parseUsername('rene\u0301')?.key).toBe(parseUsername('ren\u00e9')?.key)
  })

  test('Turkish and Latin i are one letter in the key, so that neither name passes for the other', () => {
    expect(parseUsername('ıda')?.key).toBe(parseUsername('IDA')?.key)
  })

  test('no text makes it throw, and the lookup of a name finds its key', () => {
    const names = fc.string({
      unit: fc.oneof(
        fc.constantFrom(...Array.from('aAzZ09._- ßẞΣςσİıJ̌ǅﬁ𝒜ｱéＫ')),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
      maxLength: 80,
    })
    fc.assert(
      fc.property(names, typed => {
        const parsed = parseUsername(typed)
        const key = usernameKey(typed)
        expect(key.length).toBeLessThanOrEqual(257)
        if (!parsed) return
        expect(key).toBe(parsed.key)
        expect(usernameKey(parsed.key)).toBe(parsed.key)
        expect(parsed.username).not.toMatch(/\p{C}/u)
      }),
      { numRuns: 2000 },
    )
  })

  test.each(['x?x', '?x', 'x?'])('folding comes to rest for every character there is: %s', pattern => {
    const restless: string[] = []
    for (let code = 0x20; code <= 0x10ffff; code += 1) {
      const key = usernameKey(pattern.replace('?', () => String.fromCodePoint(code)))
      if (usernameKey(key) !== key) restless.push(code.toString(16))
    }
    expect(restless).toEqual([])
  })

  test('case never makes another key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), text => {
        // Upper-casing moves an accent from alpha to iota where they are not composed: that makes another name, not another case.
        const typed = text.normalize()
        expect(usernameKey(typed.toUpperCase())).toBe(usernameKey(typed))
        expect(usernameKey(typed.toLowerCase())).toBe(usernameKey(typed))
      }),
    )
  })
})

describe('usernameKey', () => {
  test('finds names of old databases that would not be accepted today', () => {
    expect(usernameKey('Ada@Example.org')).toBe('ada@example.org')
    expect(usernameKey('\u0410da  x')).toBe('\u0430da  x')
  })

  test('a name beyond any that is kept matches none', () => {
    expect(usernameKey('a'.repeat(100_000))).toHaveLength(257)
  })
})

test("accounts-js's default rule accepts letters and digits after a letter", () => {
  expect(['ada', 'Ada1', '1ada', 'ada.l', ''].map(name => ACCOUNTS_JS_USERNAME.test(name))).toEqual([true, true, false, false, false])
})
