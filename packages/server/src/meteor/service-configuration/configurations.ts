import { isDeepStrictEqual } from 'node:util'
import { MeteorError } from '@latchkey/common/ddp'
import type { Chance } from '../../core/ports.ts'
import type { ServiceConfiguration as Kept, ServiceConfigurations } from '../../core/service-configurations.ts'
import { newId } from '../../core/session/secret.ts'

/** How a provider knows the app, as Meteor's collection has it. */
export interface ServiceConfigurationDocument {
  _id: string
  service: string
  [field: string]: unknown
}

/** Which documents: one by its id, those whose fields have these values, or all (`{}`). */
export type ConfigurationSelector = string | Readonly<Record<string, unknown>>

/** What becomes of them: `{ $set, $unset, $setOnInsert }`, or a whole new document. */
export type ConfigurationModifier = Readonly<Record<string, unknown>>

/** What was found. */
export interface ConfigurationCursor {
  fetchAsync(): Promise<ServiceConfigurationDocument[]>
  countAsync(): Promise<number>
  forEachAsync(visit: (document: ServiceConfigurationDocument) => unknown): Promise<void>
  mapAsync<T>(visit: (document: ServiceConfigurationDocument) => T | Promise<T>): Promise<T[]>
}

/**
 * Meteor's `ServiceConfiguration.configurations`, for the app's own code: secrets are in what it finds. They are kept sealed, one document for each service.
 * Selectors compare top-level fields; modifiers know `$set`, `$unset` and `$setOnInsert`.
 */
export class LoginServiceConfigurations {
  readonly #kept: ServiceConfigurations
  readonly #chance: Chance

  constructor(kept: ServiceConfigurations, chance: Chance) {
    this.#kept = kept
    this.#chance = chance
  }

  find(selector: ConfigurationSelector = {}): ConfigurationCursor {
    const fetchAsync = (): Promise<ServiceConfigurationDocument[]> => this.#found(selector)
    return {
      fetchAsync,
      countAsync: async () => (await fetchAsync()).length,
      async forEachAsync(visit) {
        for (const document of await fetchAsync()) await visit(document)
      },
      mapAsync: async visit => Promise.all((await fetchAsync()).map(visit)),
    }
  }

  /** Undefined when there is none, as in Meteor. */
  async findOneAsync(selector: ConfigurationSelector = {}): Promise<ServiceConfigurationDocument | undefined> {
    return (await this.#found(selector))[0]
  }

  /**
   * Adds a document and answers its id.
   * @throws MeteorError 403 when its service has one
   */
  async insertAsync(document: Readonly<Record<string, unknown>> & { service: string }): Promise<string> {
    const whole = this.#whole(document)
    if (!(await this.#kept.insert(whole))) throw new MeteorError(403, `Service ${whole.service} already configured`)
    return whole._id
  }

  /** Changes what is found. Answers how many there were. */
  async updateAsync(selector: ConfigurationSelector, modifier: ConfigurationModifier): Promise<number> {
    const found = await this.#found(selector)
    for (const { service } of found) {
      await this.#kept.change(service, kept => (kept ? modified(documentOf(kept), modifier) : null))
    }
    return found.length
  }

  /** Changes what is found, or adds what the selector and the modifier say together. */
  async upsertAsync(
    selector: ConfigurationSelector,
    modifier: ConfigurationModifier,
  ): Promise<{ numberAffected: number; insertedId?: string }> {
    const affected = await this.updateAsync(selector, modifier)
    if (affected > 0) return { numberAffected: affected }
    const equal = typeof selector === 'string' ? { _id: selector } : selector
    const onInsert = modifier['$setOnInsert']
    const whole = this.#whole(modified({ ...equal, ...(isRecord(onInsert) ? onInsert : {}) }, modifier))
    let insertedId: string | undefined
    await this.#kept.change(whole.service, kept => {
      insertedId = kept ? undefined : whole._id
      return kept ? modified(documentOf(kept), modifier) : whole
    })
    return { numberAffected: 1, ...(insertedId !== undefined && { insertedId }) }
  }

  /** Removes what is found. Answers how many there were. */
  async removeAsync(selector: ConfigurationSelector): Promise<number> {
    let removed = 0
    for (const { service } of await this.#found(selector)) if (await this.#kept.remove(service)) removed += 1
    return removed
  }

  async #found(selector: ConfigurationSelector): Promise<ServiceConfigurationDocument[]> {
    const wanted = typeof selector === 'string' ? { _id: selector } : selector
    const documents = (await this.#kept.list()).map(documentOf)
    return documents.filter(document => Object.entries(wanted).every(([field, value]) => isDeepStrictEqual(document[field], value)))
  }

  #whole(document: Readonly<Record<string, unknown>>): ServiceConfigurationDocument {
    const { service, _id } = document
    if (typeof service !== 'string' || service === '' || service.length > LONGEST_NAME) throw new MeteorError(400, 'Match failed')
    return { ...document, service, _id: typeof _id === 'string' && _id !== '' ? _id : newId(this.#chance) }
  }
}

const LONGEST_NAME = 64

/** What is kept as a document; one that has no id of its own goes by its service. */
export function documentOf(kept: Kept): ServiceConfigurationDocument {
  const { _id, ...fields } = kept
  return { _id: typeof _id === 'string' ? _id : kept.service, ...fields, service: kept.service }
}

function modified(document: Readonly<Record<string, unknown>>, modifier: ConfigurationModifier): Record<string, unknown> {
  const { _id, service } = document
  // Who it is stays, whatever is changed about it.
  const same = { ...(_id === undefined ? {} : { _id }), ...(service === undefined ? {} : { service }) }
  if (!isOperators(modifier)) return { ...modifier, ...same }
  const { $set, $unset, $setOnInsert: _onInsert, ...unknown } = modifier
  const [operator] = Object.keys(unknown)
  if (operator !== undefined) throw new TypeError(`${operator} is not known here: use $set and $unset`)
  const kept = Object.entries(document).filter(([field]) => !isRecord($unset) || !Object.hasOwn($unset, field))
  return { ...Object.fromEntries(kept), ...(isRecord($set) ? $set : {}), ...same }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const isOperators = (modifier: ConfigurationModifier): boolean => Object.keys(modifier).some(key => key.startsWith('$'))
