import { describe, expect, it } from 'vitest'
import { FormMix } from './form-mix.ts'
import { ARGON2_DEFAULT, labelOf } from './recipe.ts'
import type { Recipe } from './recipe.ts'

const bcrypt = (rounds: number): Recipe => ({ algorithm: 'bcrypt', rounds })
const newMix = () => new FormMix(form => (form.startsWith('bcrypt') ? bcrypt(10) : ARGON2_DEFAULT))

/** How a thousand decoys are shared out. */
function shares(mix: FormMix): Record<string, number> {
  const counts: Record<string, number> = {}
  for (let n = 0; n < 1000; n++) {
    const label = labelOf(mix.at(n / 1000))
    counts[label] = (counts[label] ?? 0) + 1
  }
  return counts
}

describe('FormMix', () => {
  it('draws decoys in the shares that the forms have in the store', () => {
    const mix = newMix()
    mix.update({ 'argon2id-sha256': 700, 'bcrypt-sha256': 200, bcrypt: 100, something: 5000 })
    expect(shares(mix)).toEqual({ 'argon2id m=19456,t=2,p=1': 700, 'bcrypt 10': 300 })
  })

  it('draws the usual form from an empty store', () => {
    const mix = newMix()
    expect(shares(mix)).toEqual({ 'argon2id m=19456,t=2,p=1': 1000 })
    expect(mix.recipes()).toEqual([ARGON2_DEFAULT])
    expect(mix.at(1)).toEqual(ARGON2_DEFAULT)
  })

  it('learns the costs within a form from the hashes that come by', () => {
    const mix = newMix()
    mix.update({ bcrypt: 500, argon2id: 500 })
    for (let n = 0; n < 4; n++) mix.note('bcrypt', bcrypt(n === 0 ? 12 : 11))
    expect(shares(mix)).toEqual({ 'argon2id m=19456,t=2,p=1': 500, 'bcrypt 11': 375, 'bcrypt 12': 125 })
    expect(mix.recipes().map(labelOf).toSorted()).toEqual(['argon2id m=19456,t=2,p=1', 'bcrypt 11', 'bcrypt 12'])
  })

  it('leads one point to one decoy, as long as nothing changes', () => {
    const [one, other] = [newMix(), newMix()]
    one.update({ bcrypt: 3, argon2id: 7 })
    other.update({ argon2id: 7, bcrypt: 3 })
    for (let n = 0; n < 100; n++) expect(one.at(n / 100)).toEqual(other.at(n / 100))
  })

  it('forgets a cost that nobody has any more, and a form that the store no longer counts', () => {
    const mix = newMix()
    mix.update({ bcrypt: 1, argon2id: 1 })
    mix.note('bcrypt', bcrypt(12))
    for (let n = 0; n < 300; n++) mix.update({ bcrypt: 1, argon2id: 1 })
    expect(mix.recipes().map(labelOf)).toContain('bcrypt 10')
    mix.update({ argon2id: 1 })
    expect(mix.recipes()).toEqual([ARGON2_DEFAULT])
  })

  it('remembers a bounded number of costs', () => {
    const mix = newMix()
    mix.update({ argon2id: 1 })
    for (let memoryCost = 8; memoryCost < 200; memoryCost++) mix.note('argon2id', { ...ARGON2_DEFAULT, memoryCost })
    expect(mix.recipes()).toHaveLength(16)
  })
})
