import type { PublicUser } from '@latchkey/common'
import { describe, expect, test } from 'vitest'
import { effortOf } from '../../../../../tools/test/effort.ts'
import * as fc from '../../../../../tools/test/properties.ts'
import { toPublicUser } from './public-user.ts'
import type { User } from './user.ts'

const user = (over: Partial<User> = {}): User => ({
  id: 'u1',
  username: 'Ada',
  emails: [{ address: 'Ada@Example.org', verified: true }],
  createdAt: Date.UTC(2026, 0, 2, 3, 4, 5),
  updatedAt: Date.UTC(2026, 5, 6, 7, 8, 9),
  epoch: 7,
  custom: {},
  ...over,
})

const settings = { face: 'latchkey', userObjectSanitizer: undefined } as const

describe('toPublicUser', () => {
  test('names what leaves, and nothing else does', () => {
    expect(toPublicUser(settings, user({ custom: { profile: { name: 'Ada' } } }))).toEqual({
      id: 'u1',
      username: 'Ada',
      emails: [{ address: 'Ada@Example.org', verified: true }],
      deactivated: false,
      createdAt: '2026-01-02T03:04:05.000Z',
      updatedAt: '2026-06-06T07:08:09.000Z',
      profile: { name: 'Ada' },
    })
  })

  test('says when the account is deactivated, but not since when', () => {
    const sent = toPublicUser(settings, user({ deactivatedAt: 5 }))
    expect(sent.deactivated).toBe(true)
    expect(sent).not.toHaveProperty('deactivatedAt')
  })

  test('sends of an address only what is named, whatever else the store kept with it', () => {
    const kept = { address: 'a@example.org', verified: false, key: 'a@example.org', token: 'secret' }
    expect(toPublicUser(settings, user({ emails: [kept] })).emails).toEqual([{ address: 'a@example.org', verified: false }])
  })

  test('shows addresses in lower case on the accounts-js face', () => {
    expect(toPublicUser({ ...settings, face: 'accounts-js' }, user()).emails[0]?.address).toBe('ada@example.org')
  })

  test('a user without a name has none, even if the app keeps a field of that name', () => {
    const { username: _, ...nameless } = user({ custom: { username: 'root' } })
    expect(toPublicUser(settings, nameless)).not.toHaveProperty('username')
  })

  test('no custom field stands in for one of ours, passes as a secret, or reaches a prototype', () => {
    const absent = ['_id', 'deactivatedAt', 'epoch', 'services', 'password', '__proto__', 'constructor', 'prototype']
    const keys = ['id', 'username', 'emails', 'deactivated', 'createdAt', 'updatedAt', ...absent]
    fc.assert(
      fc.property(fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.anyText()), fc.jsonValue()), custom => {
        const sent = toPublicUser(settings, user({ custom }))
        const { id, username, emails, deactivated, createdAt, updatedAt } = sent
        expect({ id, username, emails, deactivated, createdAt, updatedAt }).toEqual(toPublicUser(settings, user()))
        expect(Object.getPrototypeOf(sent)).toBe(Object.prototype)
        for (const key of absent) expect(Object.hasOwn(sent, key)).toBe(false)
        for (const key of Object.keys(custom).filter(key => !keys.includes(key))) expect(sent[key]).toBe(custom[key])
      }),
    )
  })

  test("the app's sanitizer has the last word", () => {
    const userObjectSanitizer = ({ id, emails, deactivated }: PublicUser): PublicUser => ({ id, emails, deactivated, seen: true })
    expect(Object.keys(toPublicUser({ ...settings, userObjectSanitizer }, user()))).toEqual(['id', 'emails', 'deactivated', 'seen'])
  })

  test('what the sanitizer does to its argument never reaches the kept user', () => {
    const born = new Date(0)
    const custom = { profile: { name: 'Ada', tags: [{ secret: 1 }] }, born }
    const kept = user({ custom })
    const userObjectSanitizer = (sent: PublicUser): PublicUser => {
      Object.assign(sent.profile as object, { name: 'changed' })
      ;(sent.profile as typeof custom.profile).tags.length = 0
      sent.emails.length = 0
      return sent
    }
    const sent = toPublicUser({ ...settings, userObjectSanitizer }, kept)
    expect(sent.profile).toEqual({ name: 'changed', tags: [] })
    expect(sent.born).toBe(born)
    expect(kept.emails).toHaveLength(1)
    expect(custom.profile).toEqual({ name: 'Ada', tags: [{ secret: 1 }] })
  })

  test('takes a few microseconds, for session checks use it', async () => {
    const kept = user({ custom: { profile: { name: 'Ada' } } })
    const effort = await effortOf(() => {
      for (let round = 0; round < 20_000; round += 1) toPublicUser(settings, kept)
    })
    expect(effort / 20_000).toBeLessThan(0.05)
  })
})
