import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { systemPorts } from '../../system.ts'
import { hashCodes, hashTyped, newRecoveryCodes } from './recovery-codes.ts'

const { chance } = systemPorts()

describe('recovery codes', () => {
  it('are ten, all different, in groups that can be copied by hand', () => {
    const codes = newRecoveryCodes(chance)
    expect(new Set(codes).size).toBe(10)
    for (const code of codes) expect(code).toMatch(/^([A-Z2-7]{6}-){3}[A-Z2-7]{6}$/)
  })

  it('are recognised however they are typed', () => {
    const [code = ''] = newRecoveryCodes(chance)
    const [hash] = hashCodes([code])
    const lookAlike: Record<string, string> = { O: '0', I: '1', B: '8' }
    const typed = fc
      .tuple(
        ...Array.from(code, letter =>
          fc.constantFrom(letter, letter.toLowerCase(), `${letter} `, `-${letter}`, lookAlike[letter] ?? letter),
        ),
      )
      .map(letters => letters.join(''))
    fc.assert(fc.property(typed, text => hashTyped(text) === hash))
    expect(hashTyped(code.replaceAll('-', ''))).toBe(hash)
  })

  it('cannot be anything of another length or alphabet', () => {
    for (const text of ['', '123456', 'A'.repeat(23), 'A'.repeat(25), `${'A'.repeat(23)}9`, `${'A'.repeat(23)}Ä`])
      expect(hashTyped(text)).toBeNull()
  })
})
