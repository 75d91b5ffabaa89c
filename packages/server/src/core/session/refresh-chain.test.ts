import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { turnRefresh } from './refresh-chain.ts'
import type { RefreshChain } from './refresh-chain.ts'
import type { SecretHash } from './secret.ts'

const GRACE = 30_000
const hash = (n: number): SecretHash => `h${n}` as SecretHash

describe('turnRefresh', () => {
  it('hands the same successor to a second use of a secret whose successor was not used yet, however late', () => {
    const first = turnRefresh({ tip: hash(0), spent: [] }, hash(0), hash(1), 0, GRACE)
    expect(first.outcome).toBe('rotated')
    const again = turnRefresh(chainOf(first), hash(0), hash(1), 10 * GRACE, GRACE)
    expect(again).toEqual({ outcome: 'repeated', chain: chainOf(first), next: hash(1) })
    // Under another key another one would be derived: the one that was handed out counts.
    expect(turnRefresh(chainOf(first), hash(0), hash(7), 0, GRACE)).toMatchObject({ outcome: 'repeated', next: hash(1) })
  })

  it('keeps the predecessor good for the grace time after its successor was first used, and not a millisecond longer', () => {
    const one = chainOf(turnRefresh({ tip: hash(0), spent: [] }, hash(0), hash(1), 0, GRACE))
    const two = chainOf(turnRefresh(one, hash(1), hash(2), 5000, GRACE))
    expect(turnRefresh(two, hash(0), hash(1), 5000 + GRACE - 1, GRACE).outcome).toBe('repeated')
    expect(turnRefresh(two, hash(0), hash(1), 5000 + GRACE, GRACE).outcome).toBe('reused')
  })

  it('calls a secret it does not know reused', () => {
    expect(turnRefresh({ tip: hash(5), spent: [] }, hash(1), hash(2), 0, GRACE).outcome).toBe('reused')
  })

  it('never refuses a holder who presents the newest secret they were given, and never keeps more than the grace time needs', () => {
    const steps = fc.array(fc.record({ wait: fc.integer({ min: 0, max: 2 * GRACE }), back: fc.integer({ min: 0, max: 3 }) }), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(steps, turns => {
        let chain: RefreshChain = { tip: hash(0), spent: [] }
        let tip = 0
        let now = 0
        for (const { wait, back } of turns) {
          now += wait
          const presented = Math.max(0, tip - back)
          const turn = turnRefresh(chain, hash(presented), hash(presented + 1), now, GRACE)
          const promised = presented === tip ? 'rotated' : presented === tip - 1 ? 'repeated' : turn.outcome
          expect(turn.outcome).toBe(promised)
          if (turn.outcome === 'reused') continue
          expect(turn.next).toBe(hash(presented + 1))
          if (turn.outcome === 'rotated') tip = presented + 1
          chain = turn.chain
          expect(chain.tip).toBe(hash(tip))
          expect(chain.spent.filter(({ until }) => until === null).length).toBeLessThanOrEqual(1)
        }
      }),
    )
  })
})

const chainOf = (turn: ReturnType<typeof turnRefresh>): RefreshChain => {
  if (turn.outcome === 'reused') throw new Error('the turn was refused')
  return turn.chain
}
