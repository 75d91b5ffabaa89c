import { expect, test } from 'vitest'
import { isMeteorError, MeteorError } from './meteor-error.ts'

test('an error has the fields and the message of Meteor’s, and travels in their order', () => {
  const error = new MeteorError(403, 'No', { why: 'because' })
  expect(error).toBeInstanceOf(Error)
  expect(JSON.stringify(error.toWire())).toBe(
    '{"isClientSafe":true,"error":403,"reason":"No","details":{"why":"because"},"message":"No [403]","errorType":"Meteor.Error"}',
  )
  expect(JSON.stringify(new MeteorError('x').toWire())).toBe('{"isClientSafe":true,"error":"x","message":"[x]","errorType":"Meteor.Error"}')
  expect('reason' in new MeteorError('x')).toBe(false)
  expect(error.clone()).toStrictEqual(error)
})

test('one made elsewhere is known by its fields, and nothing else is', () => {
  expect(isMeteorError(new MeteorError('x'))).toBe(true)
  expect(isMeteorError(Object.assign(new Error('x'), { errorType: 'Meteor.Error', error: 'x' }))).toBe(true)
  expect(isMeteorError(Object.assign(new Error('x'), { isClientSafe: true, error: 402 }))).toBe(true)
  for (const other of [
    new Error('x'),
    { errorType: 'Meteor.Error', error: 'x' },
    Object.assign(new Error('x'), { errorType: 'Meteor.Error' }),
    Object.assign(new Error('x'), { isClientSafe: true }),
    Object.assign(new Error('x'), { isClientSafe: false, error: 'x' }),
    null,
  ]) {
    expect(isMeteorError(other)).toBe(false)
  }
})
