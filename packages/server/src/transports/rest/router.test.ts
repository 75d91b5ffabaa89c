import { isAccountsError } from '@latchkey/common'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { ok, route } from './route.ts'
import type { Route } from './route.ts'
import { pathOf, Router } from './router.ts'

const make = (method: Route['method'], pattern: string): { path: string; route: Route } => ({
  path: `/accounts${pattern}`,
  route: route({ method, pattern, guard: 'anyone', summary: pattern, reply: v.null(), run: () => ok(null) }),
})
const router = new Router([
  make('GET', '/user'),
  make('POST', '/user'),
  make('POST', '/:service/authenticate'),
  make('POST', '/sessions/end'),
])
const found = (target: string): string | undefined => router.find(target)?.place.pattern

describe('a router', () => {
  it('finds routes by path, with or without a query, and by whole address', () => {
    for (const target of [
      '/accounts/user',
      '/accounts/user?x=/accounts/sessions/end',
      'http://any.example/accounts/user',
      '/accounts/user#x',
    ]) {
      expect(found(target)).toBe('/accounts/user')
    }
  })

  it('decodes what stands in a parameter, and only that', () => {
    expect(router.find('/accounts/pass%77ord/authenticate')?.params).toEqual({ service: 'password' })
    expect(router.find('/accounts/a%2Fb/authenticate')?.params).toEqual({ service: 'a/b' })
    expect(found('/accounts/%75ser')).toBeUndefined()
  })

  it('does not know paths that merely resemble one', () => {
    const near = [
      '//accounts/user',
      '/accounts//user',
      '/accounts/user/',
      '/Accounts/user',
      '/accounts/./user',
      '/accounts/x/../user',
      '/accounts',
      '',
      '*',
    ]
    for (const target of [...near, '/accounts//authenticate', '/accounts/a/b/authenticate', '/accounts/user\\', '/accounts/user%00']) {
      expect(found(target)).toBeUndefined()
    }
  })

  it('refuses a parameter that cannot be decoded or is beyond all names', () => {
    for (const name of ['%', '%zz', '%ff', '%c3%28', 'x'.repeat(101)]) {
      expect(() => router.find(`/accounts/${name}/authenticate`)).toThrow(
        expect.objectContaining({ code: 'InvalidInput', details: { field: 'service' } }),
      )
    }
  })

  it('names the methods of a place, HEAD beside GET', () => {
    expect(router.find('/accounts/user')?.place.methods).toEqual(['GET', 'POST', 'HEAD', 'OPTIONS'])
    expect(router.find('/accounts/sessions/end')?.place.methods).toEqual(['POST', 'OPTIONS'])
  })

  it('survives any request target', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webUrl(),
      fc.anyText().map(text => `/accounts/${text}/authenticate`),
    )
    fc.assert(
      fc.property(hostile, target => {
        expect(outcomeOf(target)).toMatch(/^(found|unknown|InvalidInput)$/)
        expect(pathOf(target)).not.toMatch(/[?#]/)
      }),
    )
  })
})

function outcomeOf(target: string): string {
  try {
    return router.find(target) ? 'found' : 'unknown'
  } catch (error) {
    return isAccountsError(error) ? error.code : 'some other error'
  }
}
