import type { PasswordForm } from '../../core/identity/credential.ts'
import { labelOf } from './recipe.ts'
import type { Recipe } from './recipe.ts'

/**
 * Which recipes the hashes in the store have, and in what shares. Decoys for accounts that do not exist are drawn from it, so that they cost
 * what real ones cost. The store tells the forms; costs within a form are learnt from the hashes that come by.
 */
export class FormMix {
  readonly #usual: (form: PasswordForm) => Recipe
  #forms: readonly (readonly [form: PasswordForm, count: number])[] = []
  readonly #seen = new Map<PasswordForm, Map<string, { recipe: Recipe; times: number }>>()

  /** `usual`: the recipe that hashes of a form are taken to have until some were seen. */
  constructor(usual: (form: PasswordForm) => Recipe) {
    this.#usual = usual
  }

  /** Takes over what the store counted. What was seen fades, so that a recipe which was upgraded away is forgotten in a day or two. */
  update(counts: Partial<Record<string, number>>): void {
    // Sorted, so that one key leads to one decoy as long as the shares stay. Forms we do not know cannot be verified, so nobody signs in with them.
    this.#forms = FORMS.map(form => [form, counts[form] ?? 0] as const).filter(([, count]) => count > 0)
    for (const recipes of this.#seen.values()) {
      for (const [label, seen] of recipes) {
        seen.times *= FADE
        if (seen.times < 1 / 8) recipes.delete(label)
      }
    }
  }

  /** Notes the recipe of a hash that a user has. */
  note(form: PasswordForm, recipe: Recipe): void {
    const recipes = this.#seen.get(form) ?? new Map<string, { recipe: Recipe; times: number }>()
    this.#seen.set(form, recipes)
    const label = labelOf(recipe)
    const seen = recipes.get(label)
    if (seen) seen.times += 1
    else if (recipes.size < MOST_PER_FORM) recipes.set(label, { recipe, times: 1 })
  }

  /** The recipe at a point between 0 and 1 of all hashes laid end to end. */
  at(point: number): Recipe {
    const shares = this.#shares()
    let left = point * shares.reduce((sum, { weight }) => sum + weight, 0)
    for (const { recipe, weight } of shares) {
      left -= weight
      if (left < 0) return recipe
    }
    return shares.at(-1)?.recipe ?? this.#usual('argon2id-sha256')
  }

  /** Every recipe in the store, as far as we know. */
  recipes(): Recipe[] {
    const shares = this.#shares()
    return shares.length > 0 ? shares.map(({ recipe }) => recipe) : [this.#usual('argon2id-sha256')]
  }

  #shares(): { recipe: Recipe; weight: number }[] {
    return this.#forms.flatMap(([form, count]) => {
      const seen = [...(this.#seen.get(form)?.values() ?? [])]
      const total = seen.reduce((sum, { times }) => sum + times, 0)
      if (total === 0) return [{ recipe: this.#usual(form), weight: count }]
      return seen.map(({ recipe, times }) => ({ recipe, weight: (count * times) / total }))
    })
  }
}

const FORMS: readonly PasswordForm[] = ['argon2id', 'argon2id-sha256', 'bcrypt', 'bcrypt-sha256']

/** A store has a handful of costs, from the years in which its passwords were set. */
const MOST_PER_FORM = 16

/** For each update, that is ten minutes apart at the least. */
const FADE = 0.99
