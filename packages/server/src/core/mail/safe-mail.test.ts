import { domainToASCII } from 'node:url'
import { createTransport } from 'nodemailer'
import { describe, expect, test } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { describeFailure, isOneRecipient, maskAddress, safeRecipient, safeSubject } from './safe-mail.ts'

/** Whom nodemailer would send to, given the text as `to`. */
async function recipientsOf(to: string): Promise<string[]> {
  const transport = createTransport({ jsonTransport: true })
  const { envelope } = await transport.sendMail({ from: 'no-reply@example.org', to, subject: 'x', text: 'x' })
  return envelope.to ?? []
}

describe('safeRecipient', () => {
  test.each([
    ['ada@example.org', 'ada@example.org'],
    ['Ada+x@Example.org', 'Ada+x@Example.org'],
    ['root@intranet', 'root@intranet'],
    ['жанна@example.org', 'жанна@example.org'],
    ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
  ])('passes %s', (address, safe) => {
    expect(safeRecipient(address)).toBe(safe)
  })

  test.each([
    [''],
    ['ada'],
    ['@example.org'],
    ['ada@'],
    ['a@b@c.org'],
    ['ada@example.org, eve@example.org'],
    ['ada@example.org;eve@example.org'],
    ['ada@example.org\r\nBcc: eve@example.org'],
    ['ada@example.org\n'],
    ['Ada <ada@example.org>'],
    ['"a"@example.org'],
    ['a(b)@example.org'],
    ['x:ada@example.org'],
    ['ada @example.org'],
    ['ada\0@example.org'],
    ['a\u202eda@example.org'],
    ['ada@[127.0.0.1]'],
    [`${'a'.repeat(320)}@example.org`],
    ['ada@xn--a\u00fc.example'],
  ])('refuses %j', address => {
    expect(safeRecipient(address)).toBeNull()
  })

  test('nodemailer reads what passes as that one address and no other', async () => {
    const hostile = fc.string({ unit: fc.constantFrom(...Array.from('ab@@.,;:<>()"\\ \t\r\n\0=?_-+\'é')), minLength: 3, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(fc.oneof(hostile, fc.emailAddress()), async typed => {
        const safe = safeRecipient(typed)
        const wanted = safe === null ? [] : [safe]
        const read = (await Promise.all(wanted.map(recipientsOf))).flat()
        expect(read.map(sameMailbox)).toEqual(wanted)
      }),
      { numRuns: 500, examples: [['=?utf-8?q?eve=40example.org?=@example.org'], ['a@a?a']] },
    )
  })
})

/**
 * On the wire a name with dots in odd places (`.ada@…`) is put in quotes (RFC 5321, 4.1.2), and beside a name that is not ASCII the domain is
 * written in Unicode (RFC 6531): the same mailbox both times.
 */
function sameMailbox(read: string): string {
  const at = read.lastIndexOf('@')
  return `${read.slice(0, at).replace(/^"(.*)"$/, '$1')}@${domainToASCII(read.slice(at + 1)) || read.slice(at + 1)}`
}

describe('isOneRecipient', () => {
  test.each([
    ['ada@example.org', true],
    ['Ada <ada@example.org>', true],
    ['"Lovelace, Ada" <ada@example.org>', true],
    ['<ada@example.org>', true],
    ['Ada <ada@example.org>, eve@example.org', false],
    ['Lovelace, Ada <ada@example.org>', false],
    ['eve@example.org <ada@example.org>', false],
    ['Ada\r\nBcc: eve@example.org <ada@example.org>', false],
    ['"Ada" <eve@example.org>" <ada@example.org>', false],
    ['Ada <ada@example.org> <eve@example.org>', false],
    ['', false],
  ])('%j: %s', (to, one) => {
    expect(isOneRecipient(to)).toBe(one)
  })

  test('nodemailer reads what passes as one recipient', async () => {
    const hostile = fc.string({ unit: fc.constantFrom(...Array.from('ab@.,;:<>()"\\ \r\n')), maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (before, after) => {
        const passed = [`${before}<ada@example.org>${after}`, `"${before}" <ada@example.org>${after}`].filter(isOneRecipient)
        expect(await Promise.all(passed.map(recipientsOf))).toEqual(passed.map(() => ['ada@example.org']))
      }),
      { numRuns: 500 },
    )
  })
})

test('a subject stays on one line', () => {
  expect(safeSubject('Hello\r\nBcc: eve@example.org\0')).toBe('Hello Bcc: eve@example.org')
})

describe('in the log', () => {
  test('an address shows its first character and its domain', () => {
    expect(maskAddress('ada@example.org')).toBe('a…@example.org')
    expect(maskAddress('😀da@example.org')).toBe('😀…@example.org')
    expect(maskAddress('')).toBe('…')
    expect(maskAddress('@example.org')).toBe('…')
    expect(maskAddress('a\u001b[31m@exam\nple.org')).toBe('a…@example.org')
  })

  test('a failure shows neither secrets nor addresses, nor more than a line', () => {
    const error = new Error('550 no such user <Ada@example.org>\r\nhttps://example.org/reset-password/s3cret%2B'.padEnd(2000, 'x'))
    const told = describeFailure(error, ['', 's3cret%2B', 's3cret+', 'ada@example.org'])
    expect(told).toMatch(/^Error: 550 no such user <…@example\.org> https:\/\/example\.org\/reset-password\/…x+$/)
    expect(told.length).toBeLessThanOrEqual(310)
    expect(describeFailure({ token: 's3cret' }, [])).toBe('a thrown object')
  })
})
