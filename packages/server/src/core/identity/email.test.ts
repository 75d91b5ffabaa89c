import { describe, expect, test } from 'vitest'
import { effortOf } from '../../../../../tools/test/effort.ts'
import * as fc from '../../../../../tools/test/properties.ts'
import { domainOf, emailKey, parseEmail } from './email.ts'

const KELVIN = '\u212a'

describe('parseEmail', () => {
  test.each([
    ['ada@example.org', 'ada@example.org'],
    ['Ada.Lovelace+news@Example.ORG', 'ada.lovelace+news@example.org'],
    ["o'brien_1@mail.example.co", "o'brien_1@mail.example.co"],
    ['a@b.co', 'a@b.co'],
    ['ada@1and1.com', 'ada@1and1.com'],
    ['ada@a-b.example', 'ada@a-b.example'],
    ['ada@Bücher.example', 'ada@xn--bcher-kva.example'],
    ['ada@xn--bcher-kva.example', 'ada@xn--bcher-kva.example'],
    ['ada@пример.рф', 'ada@xn--e1afmkfd.xn--p1ai'],
    ['Жанна@example.org', 'жанна@example.org'],
    ['用户@example.org', '用户@example.org'],
    [`${'a'.repeat(64)}@example.org`, `${'a'.repeat(64)}@example.org`],
    [
      `${'a'.repeat(64)}@${`${'b'.repeat(59)}.`.repeat(3)}${'c'.repeat(5)}.org`,
      `${'a'.repeat(64)}@${`${'b'.repeat(59)}.`.repeat(3)}${'c'.repeat(5)}.org`,
    ],
  ])('reads %s', (typed, key) => {
    expect(parseEmail(typed)).toEqual({ address: typed, key })
  })

  test('keeps the address as it was typed, without the spaces around it', () => {
    expect(parseEmail('  Ada@Example.org ')).toEqual({ address: 'Ada@Example.org', key: 'ada@example.org' })
  })

  test('leaves dots and tags of the local part alone, for only its own provider knows what they mean', () => {
    const keys = ['a.da@gmail.com', 'ada@gmail.com', 'ada+1@gmail.com'].map(typed => parseEmail(typed)?.key)
    expect(new Set(keys).size).toBe(3)
  })

  test('composed and decomposed spellings have one key', () => {
    expect(parseEmail('rene\u0301@example.org')?.key).toBe(parseEmail('ren\u00e9@example.org')?.key)
    // Composes in lower case only.
    expect(parseEmail('J\u030ca@example.org')?.key).toBe('\u01f0a@example.org')
  })

  test.each([
    ['nothing', ''],
    ['no domain', 'ada'],
    ['nothing before the @', '@example.org'],
    ['nothing after the @', 'ada@'],
    ['a domain without a dot', 'ada@localhost'],
    ['a top level of one letter', 'ada@example.c'],
    ['a top level of digits', 'ada@1.2.3.4'],
    ['an IP literal', 'ada@[127.0.0.1]'],
    ['two @', 'ada@b@example.org'],
    ['a full-width @', 'ada＠example.org'],
    ['a full-width @ before another', 'ada＠evil.example@example.org'],
    ['a small @', 'ada﹫example.org'],
    ['a full-width domain', 'ada@ｅxample.org'],
    ['an ideographic full stop', 'ada@example。org'],
    ['a dot at the end of the domain', 'ada@example.org.'],
    ['a dot at the start of the domain', 'ada@.example.org'],
    ['two dots in the domain', 'ada@example..org'],
    ['two dots in the local part', 'a..da@example.org'],
    ['a dot at the start', '.ada@example.org'],
    ['a dot before the @', 'ada.@example.org'],
    ['a hyphen at the start of a label', 'ada@-example.org'],
    ['a hyphen at the end of a label', 'ada@example-.org'],
    ['a hyphen at the end of the top level', 'ada@example.xn--'],
    ['an underscore in the domain', 'ada@ex_ample.org'],
    ['a percent escape in the domain', 'ada@ex%61mple.org'],
    ['broken punycode', 'ada@xn--a.example'],
    ['a label of 64 characters', `ada@${'a'.repeat(64)}.org`],
    ['a local part of 65 characters', `${'a'.repeat(65)}@example.org`],
    ['a local part of 66 octets that folds into fewer', `${'ẞ'.repeat(22)}@example.org`],
    ['a local part of 64 octets that folds into more', `${'Ⱥ'.repeat(32)}@example.org`],
    ['255 characters', `${'a'.repeat(64)}@${`${'b'.repeat(59)}.`.repeat(3)}${'c'.repeat(6)}.org`],
    ['a local part of 66 octets', `${'é'.repeat(33)}@example.org`],
    ['more than 254 characters', `ada@${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example.org`],
    ['320 characters', `${'a'.repeat(64)}@${'b'.repeat(251)}.org`],
    ['a megabyte', `${'a'.repeat(1_000_000)}@example.org`],
    ['a quoted name', '"ada lovelace"@example.org'],
    ['a display name', 'Ada <ada@example.org>'],
    ['a list', 'ada@example.org,eve@example.org'],
    ['a list with semicolons', 'ada@example.org;eve@example.org'],
    ['a group', 'friends:ada@example.org'],
    ['a comment', 'ada(eve)@example.org'],
    ['a space inside', 'ada lovelace@example.org'],
    ['a no-break space around', '\u00a0ada lovelace@example.org'],
    ['a header in a new line', 'ada@example.org\r\nBcc: eve@example.org'],
    ['a new line at the end', 'ada@example.org\n'],
    ['a tab', '\tada@example.org'],
    ['NUL', 'ada\0@example.org'],
    ['DEL', 'ada\u007f@example.org'],
    ['a zero-width joiner', 'a\u200dda@example.org'],
    ['a zero-width space', 'a\u200bda@example.org'],
    ['a soft hyphen in the domain', 'ada@exam\u00adple.org'],
    ['a right-to-left override', 'ada\u202egro.elpmaxe@evil.example'],
    ['a byte order mark inside', 'a\ufeffda@example.org'],
    ['a lone surrogate', 'a\ud800da@example.org'],
    ['the Kelvin sign', `mi${KELVIN}e@example.org`],
    ['the Kelvin sign in the domain', `mike@${KELVIN}ing.example`],
    ['a capital İ with its dot, which lower-cases to an ASCII i and a mark', 'İda@example.org'],
    ['a long s', 'a\u017fa@example.org'],
    ['a ligature', 'a\ufb01@example.org'],
    ['full-width letters', 'ａda@example.org'],
  ])('refuses %s', (_, typed) => {
    expect(parseEmail(typed)).toBeNull()
  })

  test.each([[undefined], [null], [7], [true], [{ $ne: null }], [['ada@example.org']], [Symbol('x')], [new String('ada@example.org')]])(
    'refuses what is no text: %s',
    typed => {
      expect(parseEmail(typed)).toBeNull()
    },
  )

  test('a dotless ı is a letter of its own and never meets i', () => {
    expect(parseEmail('ıda@example.org')?.key).toBe('ıda@example.org')
    expect(parseEmail('ıda@example.org')?.key).not.toBe(parseEmail('IDA@example.org')?.key)
  })

  test('no text makes it throw, and what it reads it reads again to the same key', () => {
    const local = fc.string({ unit: fc.constantFrom(...Array.from('aAbZ019._+-%éÉßΣςσİıКДж')), minLength: 1, maxLength: 20 })
    const domain = fc.array(fc.string({ unit: fc.constantFrom(...Array.from('aAbZ09-éüßд')), minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 4,
    })
    const plausible = fc.tuple(local, domain).map(([before, labels]) => `${before}@${labels.join('.')}.org`)
    fc.assert(
      fc.property(fc.oneof(plausible, fc.string({ unit: 'binary', maxLength: 400 }), fc.emailAddress()), typed => {
        const parsed = parseEmail(typed)
        if (!parsed) return
        expect(parsed.address).toBe(typed.trim())
        expect(parseEmail(parsed.key)).toEqual({ address: parsed.key, key: parsed.key })
        expect(emailKey(typed)).toBe(parsed.key)
        expect(parsed.address.split('@')).toHaveLength(2)
        expect(parsed.address).not.toMatch(/[\p{C}\s<>()[\]\\,;:"]/u)
        expect(domainOf(parsed)).toMatch(/^[a-z0-9.-]+$/)
      }),
      { numRuns: 2000 },
    )
  })

  test('case never makes another key, where it can be undone: unlike ß, ı, and a sigma that ends a word', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('abz09._+éж')), minLength: 1, maxLength: 20 }), local => {
        expect(parseEmail(`${local.toUpperCase()}@EXAMPLE.ORG`)?.key).toBe(parseEmail(`${local}@example.org`)?.key)
      }),
    )
  })

  test('accepts every address of ASCII that a liberal pattern of the web accepts, short of quotes and IP literals', () => {
    const atom = fc.string({ unit: fc.constantFrom(...Array.from("abcXYZ019!#$%&'*+-/=?^_`{|}~")), minLength: 1, maxLength: 10 })
    const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9]{0,8}[a-z0-9])?$/)
    const addresses = fc.tuple(
      fc.array(atom, { minLength: 1, maxLength: 3 }),
      fc.array(label, { minLength: 1, maxLength: 3 }),
      fc.stringMatching(/^[a-z]{2,6}$/),
    )
    fc.assert(
      fc.property(addresses, ([atoms, labels, top]) => {
        expect(parseEmail(`${atoms.join('.')}@${labels.join('.')}.${top}`)).not.toBeNull()
      }),
    )
  })

  test('hostile input costs no more than its length', async () => {
    const hostile = [
      'a.'.repeat(250),
      `${'a'.repeat(500)}!`,
      `a@${'a.'.repeat(250)}`,
      `a@${'-'.repeat(500)}`,
      '@'.repeat(508),
      'é'.repeat(508),
      `${'x.'.repeat(31)}x@${'é.'.repeat(120)}c`,
    ]
    const effort = await effortOf(() => {
      for (let round = 0; round < 50; round += 1) hostile.forEach(typed => parseEmail(typed))
    })
    expect(effort).toBeLessThan(1000)
  })
})

describe('emailKey', () => {
  test('finds addresses of old databases that would not be accepted today', () => {
    expect(emailKey(' Root@Intranet ')).toBe('root@intranet')
    expect(emailKey('"Ada L"@Example.org')).toBe('"ada l"@example.org')
  })

  test('answers for any text, and never with a key longer than one that is kept by more than one character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), typed => {
        expect(emailKey(typed).length).toBeLessThanOrEqual(255)
      }),
    )
  })
})
