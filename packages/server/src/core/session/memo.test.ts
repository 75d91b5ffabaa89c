import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { Memo } from './memo.ts'

describe('a memo', () => {
  it('keeps what is asked for, forgets what is not, and never more than twice its size', () => {
    const memo = new Memo<number>(10)
    memo.keep('asked for', 0)
    memo.keep('forgotten', 0)
    for (let at = 1; at <= 100; at++) {
      memo.keep(`passing ${at}`, at)
      expect(memo.get('asked for')).toBe(0)
      expect(memo.count).toBeLessThanOrEqual(20)
    }
    expect(memo.get('forgotten')).toBeUndefined()
  })

  it('answers with what was kept under that key, or not at all', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(20)), { maxLength: 60 }), steps => {
        const memo = new Memo<number>(4)
        for (const [keep, key] of steps) {
          if (keep) memo.keep(String(key), key)
          expect([undefined, key]).toContain(memo.get(String(key)))
        }
      }),
    )
  })
})
