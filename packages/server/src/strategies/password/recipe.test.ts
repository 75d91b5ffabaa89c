import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import type { PasswordForm, StoredPassword } from '../../core/identity/credential.ts'
import { ARGON2_DEFAULT, DECOY_BYTES, checkHash, decoyHash, isAffordable, isModest, labelOf, makeHash, recipeOf } from './recipe.ts'
import type { OwnRecipe } from './recipe.ts'

const PASSWORD = 'correct horse'
const DIGEST = createHash('sha256').update(PASSWORD).digest('hex')

/** Made by other implementations: bcryptjs 2.4.3 (what accounts-js and old Meteor used) and hash-wasm 4.12. */
const FOREIGN: Record<string, { stored: StoredPassword; input: string; label: string }> = {
  "accounts-js's bcrypt": {
    stored: { form: 'bcrypt', hash: '$2a$10$Kcpfd9pQ91ocnjP69pDyRu.RoqzMo6CqVpH8IPit7GJUk8LnlMycW' },
    input: PASSWORD,
    label: 'bcrypt 10',
  },
  "Meteor's bcrypt": {
    stored: { form: 'bcrypt-sha256', hash: '$2a$10$V8D4byQTpKCK3ppXdxPzHOa/rsxc5WiFor3JT1Uhf1liyCcUgWIcW' },
    input: DIGEST,
    label: 'bcrypt 10',
  },
  'argon2id of a clear password': {
    stored: { form: 'argon2id', hash: '$argon2id$v=19$m=1024,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$XIdLsZCP3rYuBiiKsrSJt4P4ufPrkXkTFskQaHpOT5A' },
    input: PASSWORD,
    label: 'argon2id m=1024,t=2,p=1',
  },
  "Meteor's argon2id, our own form": {
    stored: {
      form: 'argon2id-sha256',
      hash: '$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$QIAxe2BzxVh6AdFoLGdt3s7l4JFS+hL3ptWf/+hChYc',
    },
    input: DIGEST,
    label: 'argon2id m=19456,t=2,p=1',
  },
  "Meteor's argon2i": {
    stored: {
      form: 'argon2id-sha256',
      hash: '$argon2i$v=19$m=1024,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$5LJ+SUVYB8o+Fvh+p1YsKfnfUU45rkJQmw8fl3++ytU',
    },
    input: DIGEST,
    label: 'argon2i m=1024,t=2,p=1',
  },
}

describe('hashes of others', () => {
  it.each(Object.entries(FOREIGN))('%s is verified', async (_, { stored, input, label }) => {
    const recipe = recipeOf(stored) as OwnRecipe
    expect(labelOf(recipe)).toBe(label)
    expect(await checkHash(recipe, input, stored.hash)).toBe(true)
    expect(await checkHash(recipe, `${input}!`, stored.hash)).toBe(false)
  })

  it("bcrypt keeps its parents' limit of 72 bytes, so that long old passwords go on working", async () => {
    const hash = await makeHash({ algorithm: 'bcrypt', rounds: 4 }, 'x'.repeat(72))
    expect(await checkHash({ algorithm: 'bcrypt', rounds: 4 }, 'x'.repeat(80), hash)).toBe(true)
    expect(await checkHash({ algorithm: 'bcrypt', rounds: 4 }, 'x'.repeat(71), hash)).toBe(false)
  })
})

describe('recipeOf', () => {
  const BCRYPT_REST = '10$Kcpfd9pQ91ocnjP69pDyRu.RoqzMo6CqVpH8IPit7GJUk8LnlMycW'
  const ARGON2_REST = 'm=1024,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$XIdLsZCP3rYuBiiKsrSJt4P4ufPrkXkTFskQaHpOT5A'

  it.each([
    ['an empty hash', 'bcrypt', ''],
    ['an empty hash', 'argon2id-sha256', ''],
    ['bcrypt under the name of argon2', 'argon2id', `$2b$${BCRYPT_REST}`],
    ['argon2 under the name of bcrypt', 'bcrypt-sha256', `$argon2id$v=19$${ARGON2_REST}`],
    ['something before the hash', 'bcrypt', `x$2b$${BCRYPT_REST}`],
    ['something after the hash', 'bcrypt', `$2b$${BCRYPT_REST}\n`],
    ['an unknown bcrypt', 'bcrypt', `$2x$${BCRYPT_REST}`],
    ['an unknown argon2', 'argon2id', `$argon2x$v=19$${ARGON2_REST}`],
    ['the old argon2', 'argon2id', `$argon2id$v=16$${ARGON2_REST}`],
    ['a short output', 'argon2id', '$argon2id$v=19$m=1024,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$XIdLsZ'],
    ['a clear password', 'bcrypt', PASSWORD],
    ['a form that does not exist', 'toString', `$2b$${BCRYPT_REST}`],
    ['a form that does not exist', '', `$2b$${BCRYPT_REST}`],
    ['a bcrypt bomb', 'bcrypt', `$2b$31${BCRYPT_REST.slice(2)}`],
    ['a bcrypt bomb', 'bcrypt-sha256', `$2a$16${BCRYPT_REST.slice(2)}`],
    ['an impossible cost', 'bcrypt', `$2b$03${BCRYPT_REST.slice(2)}`],
    ['a memory bomb', 'argon2id', `$argon2id$v=19$${ARGON2_REST.replace('m=1024', 'm=4194304')}`],
    ['a time bomb', 'argon2id-sha256', `$argon2id$v=19$${ARGON2_REST.replace('t=2', 't=4294967295')}`],
    ['much of both', 'argon2id', `$argon2id$v=19$${ARGON2_REST.replace('m=1024,t=2', 'm=262144,t=60')}`],
    ['a thread bomb', 'argon2id', `$argon2id$v=19$${ARGON2_REST.replace('p=1', 'p=255')}`],
    ['no threads', 'argon2id', `$argon2id$v=19$${ARGON2_REST.replace('p=1', 'p=0')}`],
  ])('reads nothing from %s', (_, form, hash) => expect(recipeOf({ form: form as PasswordForm, hash })).toBeNull())

  it('reads nothing from what is no text at all', () => {
    for (const hash of [undefined, null, 0, {}]) expect(recipeOf({ form: 'bcrypt', hash } as StoredPassword)).toBeNull()
  })

  it('never throws, and whatever it reads is affordable', () => {
    const form = fc.constantFrom<PasswordForm>('argon2id', 'argon2id-sha256', 'bcrypt', 'bcrypt-sha256')
    const argon2 = fc
      .tuple(fc.nat(), fc.nat(), fc.nat(300))
      .map(([m, t, p]) => `$argon2id$v=19$m=${m},t=${t},p=${p}$${ARGON2_REST.split('$').slice(1).join('$')}`)
    const bcrypt = fc.nat(99).map(rounds => `$2b$${String(rounds).padStart(2, '0')}${BCRYPT_REST.slice(2)}`)
    fc.assert(
      fc.property(form, fc.oneof(fc.anyText(), argon2, bcrypt), (name, hash) => {
        const recipe = recipeOf({ form: name, hash })
        expect(recipe === null || isAffordable(recipe as OwnRecipe)).toBe(true)
      }),
    )
  })
})

describe('makeHash', () => {
  it('makes what recipeOf reads and checkHash accepts, with the cost that was asked for', async () => {
    const recipe = fc.oneof(
      fc.record({ algorithm: fc.constant('bcrypt' as const), rounds: fc.integer({ min: 4, max: 5 }) }),
      fc.record({
        algorithm: fc.constant('argon2id' as const),
        memoryCost: fc.integer({ min: 8, max: 64 }),
        timeCost: fc.integer({ min: 1, max: 3 }),
        parallelism: fc.constant(1),
      }),
    )
    // bcrypt reads 72 bytes, and no more reach it: a digest has 64, and longer passwords are refused where it hashes them themselves.
    const inputs = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter(text => Buffer.byteLength(text) < 72)
    await fc.assert(
      fc.asyncProperty(recipe, inputs, async (wanted, input) => {
        const hash = await makeHash(wanted, input)
        expect(recipeOf({ form: wanted.algorithm, hash })).toEqual(wanted)
        expect(await checkHash(wanted, input, hash)).toBe(true)
        expect(await checkHash(wanted, `${input}x`, hash)).toBe(false)
      }),
      { numRuns: 30 },
    )
  })
})

describe('decoyHash', () => {
  it.each<OwnRecipe>([
    { algorithm: 'bcrypt', rounds: 4 },
    { algorithm: 'bcrypt', rounds: 10 },
    { algorithm: 'argon2id', memoryCost: 64, timeCost: 1, parallelism: 1 },
    ARGON2_DEFAULT,
  ])('has the recipe it stands for, and is verified to the end without matching ($algorithm)', async recipe => {
    const hash = decoyHash(recipe, randomBytes(DECOY_BYTES))
    expect(recipeOf({ form: recipe.algorithm, hash })).toEqual(recipe)
    expect(await checkHash(recipe, PASSWORD, hash)).toBe(false)
  })

  it('always has the shape of a real hash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: DECOY_BYTES, maxLength: DECOY_BYTES }), random => {
        expect(recipeOf({ form: 'bcrypt', hash: decoyHash({ algorithm: 'bcrypt', rounds: 12 }, random) })).not.toBeNull()
        expect(recipeOf({ form: 'argon2id', hash: decoyHash(ARGON2_DEFAULT, random) })).not.toBeNull()
      }),
    )
  })
})

describe('isModest', () => {
  it('knows what OWASP recommends', () => {
    expect(isModest(ARGON2_DEFAULT)).toBe(false)
    expect(isModest({ ...ARGON2_DEFAULT, memoryCost: 47_104, timeCost: 1 })).toBe(false)
    expect(isModest({ ...ARGON2_DEFAULT, memoryCost: 8, timeCost: 1 })).toBe(true)
    expect(isModest({ algorithm: 'bcrypt', rounds: 10 })).toBe(false)
    expect(isModest({ algorithm: 'bcrypt', rounds: 9 })).toBe(true)
  })
})
