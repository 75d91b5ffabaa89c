import { AccountsError } from '@latchkey/common'
import type { Route } from './route.ts'

/** What answers at one path, by method. HEAD stands beside each GET. */
export interface Place {
  /** For the log and OpenAPI: the whole pattern. */
  readonly pattern: string
  readonly routes: ReadonlyMap<string, Route>
  /** `Allow`, complete. */
  readonly methods: readonly string[]
}

/** A place, and what stood in its `:name` parts. */
export interface Match {
  readonly place: Place
  readonly params: Readonly<Record<string, string>>
}

/** Finds routes by path. Built once; paths without parameters are found by one look into a map. */
export class Router {
  readonly #fixed = new Map<string, Match>()
  readonly #varying: { parts: readonly string[]; place: Place }[] = []

  constructor(routes: readonly { path: string; route: Route }[]) {
    for (const [pattern, own] of grouped(routes)) {
      const place = placeOf(pattern, own)
      if (pattern.includes('/:')) this.#varying.push({ parts: pattern.split('/'), place })
      else this.#fixed.set(pattern, { place, params: NO_PARAMS })
    }
  }

  /**
   * What answers at this request target, or undefined. Paths are compared as they were sent: no route of ours needs an escape, so
   * `/%75ser`, `//user` and `/user/` are simply unknown. Only parameters are decoded.
   * @throws AccountsError `InvalidInput` when a parameter cannot be decoded
   */
  find(target: string): Match | undefined {
    return this.#fixed.get(target) ?? this.#look(pathOf(target))
  }

  /** True when something answers at this path, to whatever method. */
  has(path: string): boolean {
    return this.#fixed.has(path) || this.#matching(path) !== undefined
  }

  get places(): Place[] {
    return [...this.#fixed.values()].map(({ place }) => place).concat(this.#varying.map(({ place }) => place))
  }

  #look(path: string): Match | undefined {
    const fixed = this.#fixed.get(path)
    if (fixed) return fixed
    const found = this.#matching(path)
    if (!found) return undefined
    const given = path.split('/')
    const params = found.parts.flatMap((part, at) =>
      part.startsWith(':') ? [[part.slice(1), decode(part.slice(1), given[at] ?? '')] as const] : [],
    )
    return { place: found.place, params: Object.fromEntries(params) }
  }

  #matching(path: string): { parts: readonly string[]; place: Place } | undefined {
    const given = path.split('/')
    return this.#varying.find(
      ({ parts }) =>
        parts.length === given.length && parts.every((part, at) => (part.startsWith(':') ? given[at] !== '' : part === given[at])),
    )
  }
}

/** The path of a request target, which may be a whole address (RFC 9112, 3.2.2). */
export function pathOf(target: string): string {
  const local = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]*/i, '')
  const end = local.search(/[?#]/)
  return end === -1 ? local : local.slice(0, end)
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({})

function grouped(routes: readonly { path: string; route: Route }[]): Map<string, Route[]> {
  const byPath = new Map<string, Route[]>()
  for (const { path, route } of routes) byPath.set(path, [...(byPath.get(path) ?? []), route])
  return byPath
}

function placeOf(pattern: string, own: readonly Route[]): Place {
  const routes = new Map<string, Route>(own.map(route => [route.method, route]))
  const get = routes.get('GET')
  if (get) routes.set('HEAD', get)
  return { pattern, routes, methods: [...routes.keys(), 'OPTIONS'] }
}

function decode(name: string, value: string): string {
  try {
    const decoded = decodeURIComponent(value)
    if (decoded.length <= 100) return decoded
  } catch {
    // Falls through: what cannot be decoded is as wrong as what is too long.
  }
  throw new AccountsError('InvalidInput', { message: `"${name}" in the path is not valid`, details: { field: name } })
}
