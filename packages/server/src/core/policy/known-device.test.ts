import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { Keys } from '../keys.ts'
import type { Chance } from '../ports.ts'
import { knownDeviceMark, readKnownDevice } from './known-device.ts'

const DAY = 86_400_000
const START = Date.UTC(2026, 0, 1)
const keys = new Keys({ tokenSecret: 'a secret of at least thirty-two bytes', retiredSecrets: [] })
const chance: Chance = { bytes: length => randomBytes(length) }
const at = (days: number) => ({ now: () => START + days * DAY })

const markFor = (userId: string, previous?: string, days = 0) => knownDeviceMark(keys, at(days), chance, previous, userId)
const read = (mark: string | undefined, userId: string, days = 0) => readKnownDevice(keys, at(days), mark, userId)

describe('the mark of a known device', () => {
  test('knows the user who signed in, and nobody else', () => {
    const mark = markFor('ada')
    expect(read(mark, 'ada').known).toBe(true)
    expect(read(mark, 'eve').known).toBe(false)
    expect(read(mark, '').known).toBe(false)
  })

  test('tells the id of the device to anybody who asks, for it is proven apart from its users', () => {
    const mark = markFor('ada')
    const { deviceId } = read(mark, 'ada')
    expect(deviceId).toMatch(/^[\w-]{22}$/)
    expect(read(mark, 'eve')).toEqual({ known: false, deviceId })
  })

  test('keeps the id of the device and its earlier users at the next login', () => {
    const first = markFor('ada')
    const second = markFor('eve', first, 1)
    expect(read(second, 'ada', 1)).toEqual({ known: true, deviceId: read(first, 'ada').deviceId })
    expect(read(second, 'eve', 1).known).toBe(true)
  })

  test('remembers the last five users', () => {
    const users = ['a', 'b', 'c', 'd', 'e', 'f']
    const mark = users.reduce<string | undefined>((previous, user) => markFor(user, previous), undefined)
    expect(users.filter(user => read(mark, user).known)).toEqual(['b', 'c', 'd', 'e', 'f'])
  })

  test('a user who signs in again takes no second place', () => {
    let mark: string | undefined
    for (let day = 0; day < 20; day += 1) mark = markFor(day % 2 ? 'ada' : 'eve', mark, day)
    expect(mark?.split('.')).toHaveLength(5)
  })

  test('is good for a year after the last login of that user', () => {
    const mark = markFor('ada')
    expect(read(mark, 'ada', 364.9).known).toBe(true)
    expect(read(mark, 'ada', 365)).toEqual({ known: false, deviceId: null })
    const renewed = markFor('eve', mark, 300)
    expect(read(renewed, 'ada', 400).known).toBe(false)
    expect(read(renewed, 'eve', 400).known).toBe(true)
    expect(read(markFor('ada', renewed, 300), 'ada', 400).known).toBe(true)
  })

  test('an expired mark starts over with a new id', () => {
    const mark = markFor('ada')
    expect(read(markFor('ada', mark, 366), 'ada', 366).deviceId).not.toBe(read(mark, 'ada').deviceId)
  })

  test('fits into a cookie and never shows its users', () => {
    const users = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'].map(name => `${name}@example.org`)
    const mark = users.reduce<string | undefined>((previous, user) => markFor(user, previous), undefined) ?? ''
    expect(mark.length).toBeLessThanOrEqual(400)
    expect(mark).toMatch(/^[\w.-]+$/)
    for (const user of users) expect(mark).not.toContain(user)
  })

  test('of another secret is good for nothing', () => {
    const foreign = new Keys({ tokenSecret: 'another secret', retiredSecrets: [] })
    const mark = knownDeviceMark(foreign, at(0), chance, undefined, 'ada')
    expect(read(mark, 'ada')).toEqual({ known: false, deviceId: null })
  })

  test('an id made up by a client is not taken over', () => {
    const [, id, ...stamps] = markFor('ada').split('.')
    const forged = ['1', 'A'.repeat(22), ...stamps].join('.')
    expect(read(forged, 'ada')).toEqual({ known: false, deviceId: null })
    expect(read(markFor('eve', forged), 'eve').deviceId).not.toBe('A'.repeat(22))
    expect(id).not.toBe('A'.repeat(22))
  })

  test('stamps of one device are worth nothing on another, nor a device stamp as one of a user', () => {
    const [mine, theirs] = [markFor('eve').split('.'), markFor('ada').split('.')]
    const spliced = [...mine, theirs[3]].join('.')
    expect(read(spliced, 'eve').known).toBe(true)
    expect(read(spliced, 'ada').known).toBe(false)
    expect(read([...mine.slice(0, 3), mine[2]].join('.'), '').known).toBe(false)
  })

  test('no change to a mark lets another user or a later time pass', () => {
    const mark = markFor('ada')
    const original = read(mark, 'ada')
    fc.assert(
      fc.property(fc.nat(mark.length - 1), fc.constantFrom(...Array.from('AZaz09-_.')), (index, character) => {
        const changed = mark.slice(0, index) + character + mark.slice(index + 1)
        fc.pre(changed !== mark)
        const outcome = read(changed, 'ada')
        expect(outcome.known).toBe(false)
        expect([null, original.deviceId]).toContain(outcome.deviceId)
      }),
    )
  })

  test('bad input is never an error, and leads to a good new mark', () => {
    const near = fc.string({ unit: fc.constantFrom(...Array.from('1.-_azAZ09')) }).map(text => `1.${text}`)
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 600 }), near, fc.constant('1.'.repeat(5000))), text => {
        expect(read(text, 'ada')).toEqual({ known: false, deviceId: null })
        expect(read(markFor('ada', text), 'ada').known).toBe(true)
      }),
    )
    expect(read(undefined, 'ada')).toEqual({ known: false, deviceId: null })
  })

  test('any users in any order: exactly the last five different ones are known', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Array.from('abcdefgh')), { minLength: 1, maxLength: 25 }), logins => {
        const mark = logins.reduce<string | undefined>((previous, user) => markFor(user, previous), undefined)
        const expected = new Set([...new Set(logins.toReversed())].slice(0, 5))
        for (const user of 'abcdefgh') expect(read(mark, user).known).toBe(expected.has(user))
      }),
      { numRuns: 50 },
    )
  })
})
