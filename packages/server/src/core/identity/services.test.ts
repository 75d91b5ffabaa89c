import { expect, test } from 'vitest'
import type { Credential } from './credential.ts'
import { servicesOf } from './services.ts'

const credential = (kind: string, data: Record<string, unknown>): Credential => ({
  userId: 'ada',
  kind,
  id: '42',
  data,
  createdAt: 0,
  updatedAt: 0,
})

test('of a provider its profile leaves, and nothing that proves something, whoever kept it and however deep it lies', () => {
  const account = {
    name: 'Ada',
    photos: [{ url: 'https://example.org/ada', uploadToken: 't' }],
    access_token: 't',
    apiKey: 'k',
    authorizationCode: 'c',
    oauth: { scope: 'email', verifier: 'v', idJwt: 'j', passwordHash: 'h', bcrypt: 'b' },
  }
  expect(servicesOf([credential('oauth:example', account)])).toEqual({
    example: { id: '42', name: 'Ada', photos: [{ url: 'https://example.org/ada' }], oauth: { scope: 'email' } },
  })
})

test('of a password and a second factor it is said that they are there, also where a provider has the name of one', () => {
  const credentials = [credential('password', { form: 'bcrypt' }), credential('totp', {}), credential('oauth:password', { name: 'Eve' })]
  expect(servicesOf(credentials)).toEqual({ password: {}, 'two-factor': {} })
})
