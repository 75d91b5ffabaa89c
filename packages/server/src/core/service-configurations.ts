/** How the app is known at providers: what Meteor keeps in its collection of login services. The secrets are sealed; they leave for the app's own code alone. */
import { stopOf, subscribe } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { Core } from './core.ts'
import type { KeptService } from './identity/kept-service.ts'
import { parted, plain } from './identity/linked-account.ts'
import { keyRing, open, seal } from './seal.ts'
import { SERVICES_CHANGED } from './store.ts'

/** One configuration. `service` names it; the other fields are the provider's: `clientId`, `secret`, `loginStyle`. */
export interface ServiceConfiguration {
  service: string
  [field: string]: unknown
}

/** Milliseconds between two looks for changes where no bus tells of them. */
const LOOK_EVERY = 10_000

/** The configurations of one server's services. Every call opens the store first, where that was not done yet. */
export class ServiceConfigurations {
  readonly #core: Pick<Core, 'store' | 'keys' | 'chance' | 'timers'>
  readonly #ready: () => Promise<void>
  /** Where no bus tells: who wants to know, the one timer for all of them, and what was there at its last look. */
  readonly #listeners = new Set<() => void>()
  #looking: Stop | undefined
  #seen: string | undefined

  constructor(core: Pick<Core, 'store' | 'keys' | 'chance' | 'timers'>, ready: () => Promise<void>) {
    this.#core = core
    this.#ready = ready
  }

  /** All of them by name, secrets included. For the app's own eyes. */
  async list(): Promise<ServiceConfiguration[]> {
    return (await this.#kept()).map(kept => this.#opened(kept))
  }

  /** All of them, as anybody may see them. */
  async listPublic(): Promise<ServiceConfiguration[]> {
    return (await this.#kept()).map(({ name, data }) => ({ ...data, service: name }))
  }

  async find(service: string): Promise<ServiceConfiguration | null> {
    const kept = (await this.#kept()).find(({ name }) => name === service)
    return kept ? this.#opened(kept) : null
  }

  /** Adds one. False: the service has one already. */
  async insert(configuration: ServiceConfiguration): Promise<boolean> {
    await this.#ready()
    return this.#core.store.services.insert(this.#sealed(configuration))
  }

  /**
   * Makes of a configuration what `change` makes of it (of null: where there is none); null leaves things as they are. Asked again when somebody else was
   * quicker. Answers what is kept now.
   */
  async change(
    service: string,
    change: (kept: ServiceConfiguration | null) => Omit<ServiceConfiguration, 'service'> | null,
  ): Promise<ServiceConfiguration | null> {
    const { services } = this.#core.store
    for (;;) {
      const kept = (await this.#kept()).find(({ name }) => name === service)
      const opened = kept ? this.#opened(kept) : null
      const changed = change(opened)
      if (changed === null) return opened
      const next = { ...changed, service }
      const sealed = this.#sealed(next)
      if (kept ? await services.swap(kept, sealed) : await services.insert(sealed)) return next
    }
  }

  /** False: there was none. */
  async remove(service: string): Promise<boolean> {
    await this.#ready()
    return this.#core.store.services.remove(service)
  }

  /** Tells of every change that may have been one, of this process and, as far as the store has a bus, of all others. */
  watch(listener: () => void): Stop {
    const { store, timers } = this.#core
    if (!store.bus) {
      // Every socket asks to be told: one look serves them all, and tells them of changes alone.
      const stop = subscribe(this.#listeners, () => listener())
      this.#looking ??= timers.every(LOOK_EVERY, () => void this.#look())
      return stopOf(() => {
        stop()
        if (this.#listeners.size > 0) return
        this.#looking?.()
        this.#looking = undefined
      })
    }
    return store.bus.listen(userId => {
      if (userId === SERVICES_CHANGED || userId === null) listener()
    })
  }

  async #look(): Promise<void> {
    // A store that does not answer: the next look may find it again.
    const now = await this.#kept().then(JSON.stringify, () => this.#seen)
    if (now === this.#seen) return
    this.#seen = now
    for (const listener of this.#listeners) listener()
  }

  async #kept(): Promise<KeptService[]> {
    await this.#ready()
    return this.#core.store.services.list()
  }

  #sealed({ service, ...fields }: ServiceConfiguration): KeptService {
    const [secrets, data] = parted(plain(fields))
    if (Object.keys(secrets).length === 0) return { name: service, data }
    const { keys, chance } = this.#core
    return { name: service, data, secret: seal(keyRing(keys), chance, JSON.stringify(secrets), placeOf(service)) }
  }

  /** Secrets sealed under a key that is gone are missing. */
  #opened({ name, data, secret }: KeptService): ServiceConfiguration {
    const opened = secret === undefined ? null : open(keyRing(this.#core.keys), secret, placeOf(name))
    // Written by `#sealed`.
    return { ...data, ...(JSON.parse(opened ?? '{}') as Record<string, unknown>), service: name }
  }
}

const placeOf = (service: string): { userId: null; field: string } => ({ userId: null, field: `service:${service}` })
