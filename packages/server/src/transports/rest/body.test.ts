import { ERRORS, isAccountsError } from '@latchkey/common'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { readBody, validate } from './body.ts'
import type { Json } from './body.ts'

const read = (body: string | Uint8Array, type: string | null = 'application/json', limit = 65_536): Promise<Json> =>
  readBody(
    {
      method: 'POST',
      url: '/',
      headers: type === null ? {} : { 'content-type': type },
      ip: '',
      encrypted: false,
      body: async () => (typeof body === 'string' ? Buffer.from(body) : body),
    },
    limit,
  )
const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`

describe('a body', () => {
  it('is what JSON says', async () => {
    expect(await read('{"user":{"email":"ada@example.org"},"n":[1,null,true]}')).toEqual({
      user: { email: 'ada@example.org' },
      n: [1, null, true],
    })
  })

  it('is empty when there is none, whatever its type', async () => {
    expect(await read('', null)).toEqual({})
    expect(await read('', 'text/plain')).toEqual({})
  })

  it('must be JSON by its type, in UTF-8', async () => {
    for (const type of ['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"']) expect(await read('{}', type)).toEqual({})
    for (const type of [
      null,
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/json; charset=utf-16',
      'x,application/json',
    ]) {
      await expect(read('{}', type)).rejects.toMatchObject({ code: 'UnsupportedMediaType' })
    }
  })

  it('must be an object, well-formed and of whole characters', async () => {
    const latin1 = Uint8Array.of(0x7b, 0x22, 0xe4, 0x22, 0x3a, 0x31, 0x7d)
    for (const bad of ['null', '[]', '"x"', '5', '{', '{"a":1,}', "{'a':1}", 'NaN', latin1]) {
      await expect(read(bad)).rejects.toMatchObject({ code: 'InvalidInput', details: { field: 'body' } })
    }
  })

  it('must not be longer than the limit', async () => {
    await expect(read(`{"a":"${'x'.repeat(100)}"}`, undefined, 50)).rejects.toMatchObject({ code: 'PayloadTooLarge' })
  })

  it('may be nested twenty levels and no deeper', async () => {
    await expect(read(nested(19))).resolves.toBeTypeOf('object')
    for (const depth of [20, 21, 20_000]) await expect(read(nested(depth), undefined, 1e6)).rejects.toMatchObject({ code: 'InvalidInput' })
  })

  it('may not hold a hundred thousand keys', async () => {
    const many = JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, at])))
    await expect(read(many, undefined, 1e7)).rejects.toMatchObject({ code: 'InvalidInput' })
  })

  it('may not name what JavaScript itself means by a name, and the answer says where', async () => {
    for (const name of ['__proto__', 'constructor', 'prototype', '\\u005f_proto__']) {
      const expected = { code: 'InvalidInput', details: { field: `user.${name.replace('\\u005f', '_')}` } }
      await expect(read(`{"user":{"${name}":{"admin":true}}}`)).rejects.toMatchObject(expected)
      await expect(read(`{"user":[{"${name}":1}]}`)).rejects.toMatchObject({ code: 'InvalidInput' })
    }
    expect(({} as Json).admin).toBeUndefined()
  })

  it('may hold no NUL and no half of a surrogate pair, in keys and in values', async () => {
    for (const text of ['a\\u0000b', '\\ud800', 'x\\udc00']) {
      await expect(read(`{"token":"${text}"}`)).rejects.toMatchObject({ code: 'InvalidInput', details: { field: 'token' } })
      await expect(read(`{"${text}":1}`)).rejects.toMatchObject({ code: 'InvalidInput' })
    }
    expect(await read('{"token":"\\ud83d\\ude00"}')).toEqual({ token: '😀' })
  })

  it('whatever its bytes: an object, or a refusal for the sender', async () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.json().map(text => Buffer.from(text)),
      fc.jsonValue().map(value => Buffer.from(JSON.stringify({ value }))),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async given => {
        const outcome = await read(given).then(
          body => Object.getPrototypeOf(body) === Object.prototype,
          (error: unknown) => isAccountsError(error) && ERRORS[error.code].status === 400,
        )
        expect(outcome).toBe(true)
      }),
    )
  })
})

describe('validation', () => {
  const schema = v.object({ token: v.string(), user: v.object({ name: v.optional(v.string()) }) })

  it('answers with the code of the field, and names it', () => {
    expect(() => validate(schema, {}, { token: 'InvalidToken' })).toThrow(
      expect.objectContaining({ code: 'InvalidToken', details: { field: 'token' } }),
    )
    expect(() => validate(schema, { token: 't', user: { name: 5 } }, { 'user.name': 'InvalidUsername' })).toThrow(
      expect.objectContaining({ code: 'InvalidUsername', details: { field: 'user.name' } }),
    )
  })

  it('says what is wrong without repeating what was sent', () => {
    expect(() => validate(schema, {}, {})).toThrow('"token" is missing')
    expect(() => validate(schema, { token: ['hunter2'] }, {})).toThrow(/^"token" must be of type string$/)
  })

  it('drops fields that nobody asked for', () => {
    expect(validate(schema, { token: 't', user: {}, admin: true }, {})).toEqual({ token: 't', user: {} })
  })
})
