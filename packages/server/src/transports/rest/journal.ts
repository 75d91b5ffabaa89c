import type { Core } from '../../core/core.ts'

/** One line per request: method, route, status, time. Never a token, a body, a query, or the text of a URL, which may hold any of them. */
export class Journal {
  readonly #core: Pick<Core, 'clock' | 'log'>
  /** Tells apart the requests of two processes. */
  readonly #prefix: string
  #count = 0

  constructor(core: Pick<Core, 'clock' | 'log' | 'chance'>) {
    this.#core = core
    this.#prefix = Buffer.from(core.chance.bytes(6)).toString('base64url')
  }

  /** An id for a request, unique enough to find its lines. */
  nextId(): string {
    this.#count += 1
    return `${this.#prefix}-${this.#count.toString(36)}`
  }

  now(): number {
    return this.#core.clock.now()
  }

  /** `quiet` lines go to debug: routes that are asked with every request of an app would drown the others. */
  answered(line: { method: string; route: string; status: number; quiet: boolean; began: number; request: string }): void {
    const { method, route, status, quiet, began, request } = line
    const fields = { method, route, status, ms: this.now() - began, request }
    if (quiet) this.#core.log.debug(fields, 'answered')
    else this.#core.log.info(fields, 'answered')
  }

  /** A failure of ours: the one place where its reason is written down. */
  failed(line: { method: string; route: string; request: string; error: unknown }): void {
    const { method, route, request, error } = line
    this.#core.log.error({ method, route, request, err: error }, 'a request failed')
  }
}
