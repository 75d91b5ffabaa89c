import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { isCommonDigest } from './common-passwords.ts'
import { digestOf, judgePassword, readPassword } from './password-rules.ts'
import type { PasswordOwner, PasswordRules } from './password-rules.ts'

const RULES: PasswordRules = { minLength: 8, maxLength: 256, refuseCommon: true, contextWords: ['Latchkey'], acceptDigests: true }
const ADA: PasswordOwner = { username: 'Ada99', emails: ['ada.lovelace@example.org'] }

const digest = (text: string) => ({ digest: createHash('sha256').update(text).digest('hex'), algorithm: 'sha-256' as const })
const reason = (password: Parameters<typeof judgePassword>[1], rules: Partial<PasswordRules> = {}, owner = ADA): string => {
  const verdict = judgePassword({ ...RULES, ...rules }, password, owner)
  return verdict.ok ? 'ok' : verdict.reason
}

describe('judgePassword', () => {
  it('accepts a plain sentence, whatever characters it is made of', () => {
    for (const password of ['correct horse battery', 'zwölf Boxkämpfer', '一二三四五六七八九', '        x        ', 'aaaaaaaaaaaaaaaab']) {
      expect(reason(password)).toBe('ok')
    }
  })

  it('counts code points, not UTF-16 units', () => {
    expect(reason('🗝️🔑🐎🔋')).toBe('too-short')
    expect(reason('🔑🐎🔋🧷🔑🐎🔋🧷')).toBe('ok')
    expect(reason('🔑'.repeat(256))).toBe('ok')
    expect(reason('🔑'.repeat(257))).toBe('too-long')
  })

  it('refuses what is too short or too long, also without end', () => {
    expect(reason('')).toBe('too-short')
    expect(reason('seven77')).toBe('too-short')
    expect(reason('x'.repeat(2_000_000))).toBe('too-long')
  })

  it('refuses the most common passwords, however they are capitalised, and not those that only contain one', () => {
    for (const common of ['password', 'password1', 'Password1', 'PASSWORD1', 'iloveyou', '1234567890', 'qwertyuiop'])
      expect(reason(common)).toBe('common')
    expect(reason('password')).toBe('common')
    expect(reason('my password is long')).toBe('ok')
    expect(reason('password1', { refuseCommon: false })).toBe('ok')
  })

  it('judges a digest by the same list, short passwords included, for its length cannot be seen', () => {
    for (const common of ['password', 'Password', '123456', 'qwerty']) expect(reason(digest(common))).toBe('common')
    expect(reason(digest('correct horse battery'))).toBe('ok')
  })

  it("refuses the user's own names and addresses, and the words of the site, with little around them", () => {
    for (const own of ['ada.lovelace@example.org', 'ADA.LOVELACE', 'ada.lovelace1', 'latchkey', 'Latchkey2026', '!latchkey!', 'ada99!!!'])
      expect(reason(own)).toBe('context')
    for (const fine of ['latchkey is a good word', 'latchkey-98765', 'adalovelacex']) expect(reason(fine)).toBe('ok')
  })

  it("refuses digests of the user's own names and addresses", () => {
    for (const own of ['ada.lovelace@example.org', 'ada.lovelace', 'Ada99', 'ada99', 'ADA99', 'latchkey', 'Latchkey'])
      expect(reason(digest(own))).toBe('context')
  })

  it('has nothing to compare with when a user has no name and no address', () => {
    expect(reason('correct horse battery', { contextWords: [] }, {})).toBe('ok')
    expect(reason('correct horse battery', { contextWords: [''] }, { username: '', emails: ['', '@'] })).toBe('ok')
  })

  it('refuses what is no password: bad digests, digests that are not wanted, halves of characters', () => {
    expect(reason({ digest: 'abc', algorithm: 'sha-256' })).toBe('not-a-password')
    expect(reason({ ...digest('correct horse battery'), digest: digest('correct horse battery').digest.toUpperCase() })).toBe(
      'not-a-password',
    )
    expect(reason(digest('correct horse battery'), { acceptDigests: false })).toBe('not-a-password')
    expect(reason('correct horse \ud800')).toBe('not-a-password')
  })

  it("asks the app's own rule beside ours", () => {
    const validatePassword = (password: string) => password.includes('!')
    expect(reason('correct horse battery', { validatePassword })).toBe('refused')
    expect(reason('correct horse battery!', { validatePassword })).toBe('ok')
    expect(reason('pass!', { validatePassword })).toBe('too-short')
  })

  it('says in words what is wrong', () => {
    const verdict = judgePassword(RULES, 'short', ADA)
    expect(verdict).toEqual({ ok: false, reason: 'too-short', message: 'Use at least 8 characters.' })
  })

  it('gives a verdict on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), text => {
        expect(judgePassword(RULES, text, ADA).ok).toBeTypeOf('boolean')
      }),
    )
  })
})

describe('readPassword', () => {
  it('takes a text, or a digest with exactly its two keys', () => {
    expect(readPassword('x', RULES)).toBe('x')
    expect(readPassword(digest('x'), RULES)).toEqual(digest('x'))
    for (const bad of [
      undefined,
      null,
      5,
      true,
      [],
      {},
      ['x'],
      { digest: 'x' },
      { ...digest('x'), extra: 1 },
      { ...digest('x'), algorithm: 'md5' },
    ]) {
      expect(readPassword(bad, RULES)).toBeNull()
    }
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.anything(), value => {
        const read = readPassword(value, RULES)
        expect(read === null || typeof read === 'string' || /^[0-9a-f]{64}$/.test(read.digest)).toBe(true)
      }),
    )
  })

  it('leads both ways of sending a password to one digest', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), password => {
        expect(digestOf(password)).toBe(digestOf(digest(password)))
      }),
    )
  })
})

describe('isCommonDigest', () => {
  it('finds the first and the last entry, and nothing for what is no digest', () => {
    expect(isCommonDigest(digestOf('123456'))).toBe(true)
    expect(isCommonDigest('')).toBe(false)
    expect(isCommonDigest('zz')).toBe(false)
    expect(isCommonDigest('0'.repeat(64))).toBe(false)
    expect(isCommonDigest('f'.repeat(64))).toBe(false)
  })

  it('finds no random digest', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), bytes => {
        expect(isCommonDigest(createHash('sha256').update(bytes).digest('hex'))).toBe(false)
      }),
    )
  })
})
