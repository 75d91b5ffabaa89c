import { AccountsError } from '@latchkey/common'
import type { Core } from '../../core/core.ts'
import type { PasswordForm, StoredPassword } from '../../core/identity/credential.ts'
import { digestOf, readPassword } from '../../core/policy/password-rules.ts'
import { addressOf } from '../../core/policy/rate-limit.ts'
import type { PasswordHasher, PasswordInput } from '../../core/ports.ts'
import type { Store, UserStore } from '../../core/store.ts'
import { FailureFloor } from './failure-floor.ts'
import { FormMix } from './form-mix.ts'
import { HashGate } from './gate.ts'
import type { GateSettings } from './gate.ts'
import {
  ARGON2_DEFAULT,
  BCRYPT_DEFAULT_ROUNDS,
  DECOY_BYTES,
  checkHash,
  decoyHash,
  isOfDigest,
  labelOf,
  loadCode,
  makeHash,
  recipeOf,
} from './recipe.ts'
import type { OwnRecipe, Recipe } from './recipe.ts'
import { sharedHash } from './shared-hash.ts'
import { stopwatch } from './stopwatch.ts'
import type { Stopwatch } from './stopwatch.ts'

/** What an app decides about hashing. */
export interface HashingSettings {
  /** For new hashes. */
  current: OwnRecipe
  gate: GateSettings
  hashPassword?: (password: string) => string | Promise<string>
  verifyPassword?: (password: string, hash: string) => boolean | Promise<boolean>
}

/** What hashing needs of the core. */
export type HashingCore = Pick<Core, 'keys' | 'chance' | 'log'> & {
  settings: { password: Pick<Core['settings']['password'], 'maxLength' | 'acceptDigests'> }
  store: Pick<Store, 'passwordForm'> & { users: Pick<UserStore, 'passwordForms'> }
}

/**
 * Hashes and verifies passwords: every hash through the gate, every wrong answer after the same work or a decoy of it, and not before the floor.
 *
 * New hashes are `argon2id-sha256` (or `bcrypt-sha256`, when the settings say so). An app's own `hashPassword` and `verifyPassword` stand for the
 * form `bcrypt`: that is the field in which accounts-js keeps what they make.
 */
export class PasswordHashing implements PasswordHasher {
  #settings: HashingSettings
  readonly #time: Stopwatch
  readonly #gate: HashGate
  readonly #floor: FailureFloor
  readonly #mix: FormMix
  readonly #decoys = new Map<string, string>()
  #core: HashingCore | undefined
  #learnt: Promise<void> | undefined
  #learnAgainAt = 0

  constructor(settings: HashingSettings, time: Stopwatch = stopwatch) {
    this.#settings = settings
    this.#time = time
    this.#gate = new HashGate(settings.gate, time)
    this.#floor = new FailureFloor(time)
    this.#mix = new FormMix(form => this.#usualRecipe(form))
  }

  /** @throws AccountsError `InvalidSettings` when another core has it already: decoys are drawn from one store */
  attach(core: HashingCore): void {
    if (this.#core && this.#core !== core)
      throw new AccountsError('InvalidSettings', { message: 'Give each AccountsServer an AccountsPassword of its own' })
    this.#core = core
  }

  /** From now on new hashes are made like this. Those that are kept are made anew at the next good login. */
  configure({ current }: Pick<HashingSettings, 'current'>): void {
    this.#settings = { ...this.#settings, current }
    // What a hash of that kind takes is not known yet.
    this.#learnAgainAt = 0
  }

  /** `low`: only while nobody waits for a hash. */
  async hash(password: PasswordInput, { ip }: { ip: string }, { low = false }: { low?: boolean } = {}): Promise<StoredPassword> {
    return this.#gate.run(() => this.#make(password), { keys: [addressLane(ip)], low })
  }

  async verify(password: PasswordInput, stored: StoredPassword | null, about: { decoyKey: string; ip: string }): Promise<boolean> {
    return this.verifyFor(password, stored, { ...about, welcome: true })
  }

  /**
   * `verify` for an answer that may be refused even if the password matches (a deactivated user): with `welcome: false` a match takes as long as
   * a mismatch.
   */
  async verifyFor(
    password: PasswordInput,
    stored: StoredPassword | null,
    { decoyKey, ip, welcome }: { decoyKey: string; ip: string; welcome: boolean },
  ): Promise<boolean> {
    const task = this.#task(password, stored) ?? (await this.#decoyFor(decoyKey))
    const { began, matches } = await this.#gate.run(() => this.#timed(task), { keys: [addressLane(ip), `account ${decoyKey}`] })
    if (matches && welcome) return true
    await this.#mixIsKnown()
    await this.#floor.hold(began)
    return matches
  }

  isCurrent(stored: StoredPassword): boolean {
    if (this.#core?.store.passwordForm !== undefined) return true
    if (this.#settings.hashPassword && !isOfDigest(stored.form)) return true
    const recipe = recipeOf(stored)
    const { current } = this.#settings
    return recipe !== null && labelOf(recipe) === labelOf(current) && stored.form === formOf(current)
  }

  verifiesDigest(form: PasswordForm): boolean {
    return isOfDigest(form)
  }

  // ------------------------------------------------------------------------------------------------------------ the work

  async #make(password: PasswordInput): Promise<StoredPassword> {
    const { current, hashPassword, verifyPassword } = this.#settings
    if (this.#core?.store.passwordForm === 'bcrypt' && !hashPassword) return { form: 'bcrypt', hash: await sharedHash(current, password) }
    // The app's function is made for clear passwords; of a digest it would make something that no clear password matches.
    if (!hashPassword || typeof password !== 'string') return { form: formOf(current), hash: await makeHash(current, digestOf(password)) }
    const hash = await hashPassword(password)
    if (verifyPassword) return { form: 'bcrypt', hash }
    const form = (['bcrypt', 'argon2id'] as const).find(candidate => recipeOf({ form: candidate, hash }) !== null)
    if (form) return { form, hash }
    throw new AccountsError('InvalidSettings', {
      message: 'hashPassword makes neither bcrypt nor argon2id: give AccountsPassword the verifyPassword that goes with it',
    })
  }

  /** What to verify; null when nothing can match, so that a decoy takes its place. */
  #task(password: PasswordInput, stored: StoredPassword | null): Task | null {
    const recipe = stored && this.#recipeOf(stored)
    if (!stored || !recipe) return null
    this.#mix.note(stored.form, recipe)
    const { maxLength, acceptDigests } = this.#attached().settings.password
    const given = readPassword(password, { acceptDigests })
    // UTF-8 takes at most four bytes a character. Longer than any password we accept: not worth hashing megabytes.
    if (given === null || (typeof given === 'string' && Buffer.byteLength(given) > 4 * maxLength)) return null
    if (isOfDigest(stored.form)) return { recipe, input: digestOf(given), hash: stored.hash, canMatch: true }
    return typeof given === 'string' ? { recipe, input: given, hash: stored.hash, canMatch: true } : null
  }

  #recipeOf(stored: StoredPassword): Recipe | null {
    if (this.#settings.verifyPassword && stored.form === 'bcrypt') return stored.hash === '' ? null : { algorithm: 'custom' }
    return recipeOf(stored)
  }

  async #timed({ recipe, input, hash, canMatch }: Task): Promise<{ began: number; matches: boolean }> {
    await loadCode(recipe)
    const began = this.#time.now()
    const matches = await this.#check(recipe, input, hash)
    this.#floor.note(labelOf(recipe), this.#time.now() - began)
    return { began, matches: matches && canMatch }
  }

  async #check(recipe: Recipe, input: string, hash: string): Promise<boolean> {
    if (recipe.algorithm === 'custom') return (await this.#settings.verifyPassword?.(input, hash)) === true
    try {
      return await checkHash(recipe, input, hash)
    } catch (err) {
      this.#attached().log.warn({ err, recipe: labelOf(recipe) }, 'a kept password hash cannot be read; it matches nothing')
      return false
    }
  }

  // ---------------------------------------------------------------------------------------------------------- the decoys

  async #decoyFor(decoyKey: string): Promise<Task> {
    await this.#mixIsKnown()
    const mac = Buffer.from(this.#attached().keys.mac('decoy', decoyKey), 'base64url')
    return this.#decoy(this.#mix.at(mac.readUInt32BE(0) / 2 ** 32))
  }

  async #decoy(recipe: Recipe): Promise<Task> {
    const label = labelOf(recipe)
    const random = this.#attached().chance.bytes(DECOY_BYTES)
    const made = this.#decoys.get(label) ?? (await this.#customDecoy(recipe, random)) ?? decoyHash(recipe, random)
    this.#decoys.set(label, made)
    return { recipe, input: DECOY_INPUT, hash: made, canMatch: false }
  }

  async #customDecoy(recipe: Recipe, random: Uint8Array): Promise<string | undefined> {
    return recipe.algorithm === 'custom' ? this.#settings.hashPassword?.(Buffer.from(random).toString('hex')) : undefined
  }

  /** Waits until the forms in the store are known, the first time; later they are looked at again from time to time, without waiting. */
  async #mixIsKnown(): Promise<void> {
    if (this.#time.now() >= this.#learnAgainAt) {
      this.#learnAgainAt = this.#time.now() + LEARN_EVERY
      const learning = this.#learn()
      this.#learnt ??= learning
    }
    await this.#learnt
  }

  /** Asks the store for its forms, and times each recipe once. Never fails: without an answer decoys are of the current form. */
  async #learn(): Promise<void> {
    const { store, log } = this.#attached()
    try {
      this.#mix.update(await store.users.passwordForms())
      const recipes = [...this.#mix.recipes(), this.#settings.current]
      this.#floor.keepOnly(recipes.map(labelOf))
      for (const recipe of recipes.filter(one => !this.#floor.knows(labelOf(one)))) await this.#calibrate(recipe)
    } catch (err) {
      this.#learnAgainAt = this.#time.now() + LEARN_AGAIN_AFTER_FAILURE
      log.warn({ err }, 'the forms of the kept passwords could not be looked at; until they are, decoys may differ from real hashes')
    }
  }

  async #calibrate(recipe: Recipe): Promise<void> {
    const task = await this.#decoy(recipe)
    await this.#gate.run(
      async () => {
        // Once to warm up: the first hash also pays for its memory.
        await this.#check(recipe, task.input, task.hash)
        await this.#timed(task)
      },
      { keys: ['calibration'] },
    )
  }

  #usualRecipe(form: PasswordForm): Recipe {
    const { current, verifyPassword } = this.#settings
    if (form === 'bcrypt' && verifyPassword) return { algorithm: 'custom' }
    if (form === formOf(current)) return current
    return form === 'bcrypt' || form === 'bcrypt-sha256' ? { algorithm: 'bcrypt', rounds: BCRYPT_DEFAULT_ROUNDS } : ARGON2_DEFAULT
  }

  #attached(): HashingCore {
    if (!this.#core)
      throw new AccountsError('InvalidSettings', { message: 'AccountsPassword does nothing by itself: give it to an AccountsServer' })
    return this.#core
  }
}

interface Task {
  recipe: Recipe
  input: string
  hash: string
  /** False for a decoy. */
  canMatch: boolean
}

const formOf = (recipe: OwnRecipe): PasswordForm => (recipe.algorithm === 'bcrypt' ? 'bcrypt-sha256' : 'argon2id-sha256')

/** Any text as long as a digest. */
const DECOY_INPUT = '0'.repeat(64)

const addressLane = (ip: string): string => `address ${addressOf(ip)}`

const LEARN_EVERY = 10 * 60_000
const LEARN_AGAIN_AFTER_FAILURE = 10_000
