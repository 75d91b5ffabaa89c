/** Who may change users from a client: Meteor's `allow` and `deny`. */
import { MeteorError } from '@latchkey/common/meteor'
import type { MeteorUser } from '../../compat/meteor-user.ts'
import type { Modifier } from './modifier.ts'

/** Rules for changes that clients ask for. Each answers for the user who asks; null: nobody is signed in. Answers may come later. */
export interface AllowRules {
  insert?(userId: string | null, user: MeteorUser): unknown
  /** `fields`: the ones at the top level that `modifier` touches. */
  update?(userId: string | null, user: MeteorUser, fields: string[], modifier: Modifier): unknown
  remove?(userId: string | null, user: MeteorUser): unknown
  /** Meteor's wish to load few fields. Rules here are handed the whole user. */
  fetch?: readonly string[]
}

type Kind = 'insert' | 'update' | 'remove'

const KEYS: readonly string[] = ['insert', 'update', 'remove', 'insertAsync', 'updateAsync', 'removeAsync', 'fetch', 'transform']

/** The rules of one collection of users: at first, that everybody may change their own `profile`. */
export class UserRules {
  readonly #allowed: AllowRules[] = [
    { update: (userId, user, fields) => userId !== null && user._id === userId && fields.length === 1 && fields[0] === 'profile' },
  ]
  readonly #denied: AllowRules[] = []

  /** @throws Error for a rule of another name, or one that is no function */
  allow(rules: AllowRules): void {
    this.#allowed.push(read('allow', rules))
  }

  /** @throws Error as {@link allow} */
  deny(rules: AllowRules): void {
    this.#denied.push(read('deny', rules))
  }

  /** Refuses unless no rule denies it and one allows it. `ask` calls a rule of its kind. @throws MeteorError 403 */
  async judge<K extends Kind>(kind: K, ask: (rule: NonNullable<AllowRules[K]>) => unknown): Promise<void> {
    if (!this.#allowed.some(rules => rules[kind])) {
      const why = `Access denied. No allow validators set on restricted collection for method '${kind}'.`
      throw new MeteorError(403, why)
    }
    if ((await anyOf(this.#denied, kind, ask)) || !(await anyOf(this.#allowed, kind, ask))) throw new MeteorError(403, 'Access denied')
  }
}

async function anyOf<K extends Kind>(
  all: readonly AllowRules[],
  kind: K,
  ask: (rule: NonNullable<AllowRules[K]>) => unknown,
): Promise<boolean> {
  for (const rules of all) {
    const rule = rules[kind]
    if (rule && (await ask(rule))) return true
  }
  return false
}

function read(call: 'allow' | 'deny', given: AllowRules): AllowRules {
  const rules: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(given) as [string, unknown][]) {
    if (!KEYS.includes(key)) throw new Error(`${call}: Invalid key: ${key}`)
    if (key === 'fetch' || key === 'transform') continue
    if (typeof value !== 'function') throw new Error(`${call}: Value for \`${key}\` must be a function`)
    // Meteor has both names for the one rule.
    rules[key.replace('Async', '')] = value
  }
  return rules
}
