import * as v from 'valibot'
import { ok, route } from '../route.ts'
import type { Route } from '../route.ts'

/** `/openapi.json`, made when it is first asked for. */
export function descriptionRoute(describe: () => unknown): Route {
  let made: unknown
  return route({
    method: 'GET',
    pattern: '/openapi.json',
    guard: 'anyone',
    summary: 'This description',
    reply: v.record(v.string(), v.unknown()),
    quiet: true,
    run: () => ok((made ??= describe())),
  })
}
