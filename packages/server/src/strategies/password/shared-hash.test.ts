import { verify } from '@node-rs/bcrypt'
import { describe, expect, test } from 'vitest'
import { ARGON2_DEFAULT } from './recipe.ts'
import { PasswordHashing } from './password-hashing.ts'
import type { HashingCore } from './password-hashing.ts'
import { sharedHash } from './shared-hash.ts'

const PASSWORD = 'correct horse battery staple'

describe('the hash for a database that accounts-js still reads', () => {
  test('is bcrypt of the password itself, under the letter that every bcrypt knows, ten rounds unless told otherwise', async () => {
    const hash = await sharedHash(ARGON2_DEFAULT, PASSWORD)
    expect(hash).toMatch(/^\$2a\$10\$/)
    expect(await verify(PASSWORD, hash)).toBe(true)
    expect(await sharedHash({ algorithm: 'bcrypt', rounds: 4 }, PASSWORD)).toMatch(/^\$2a\$04\$/)
  })

  test('is made of no more than bcrypt reads, counted in bytes', async () => {
    const rounds = { algorithm: 'bcrypt', rounds: 4 } as const
    await expect(sharedHash(rounds, 'x'.repeat(72))).resolves.toMatch(/^\$2a/)
    for (const long of ['x'.repeat(73), 'é'.repeat(37)])
      await expect(sharedHash(rounds, long)).rejects.toMatchObject({ code: 'InvalidPassword' })
  })

  test('is not made of a digest, of which the other app knows nothing', async () => {
    const digest = { digest: '0'.repeat(64), algorithm: 'sha-256' } as const
    await expect(sharedHash(ARGON2_DEFAULT, digest)).rejects.toMatchObject({ code: 'InvalidPassword' })
  })

  test('is what the password service makes on such a database, and strengthens no further', async () => {
    const hashing = new PasswordHashing({
      current: { algorithm: 'bcrypt', rounds: 4 },
      gate: { concurrency: 1, queue: 1, maxWait: 60_000 },
    })
    // The part that making a hash looks at.
    hashing.attach({ store: { passwordForm: 'bcrypt' } } as HashingCore)
    const stored = await hashing.hash(PASSWORD, { ip: '' })
    expect(stored.form).toBe('bcrypt')
    expect(hashing.isCurrent({ form: 'bcrypt', hash: '$2a$04$' })).toBe(true)
  })
})
