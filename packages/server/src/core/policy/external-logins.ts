/** The app's say in sign-ins through providers: Meteor's three hooks, each of which there is one at most. */
import { AccountsError, stopOf } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import { passThrough } from '../hooks.ts'
import type { User } from '../identity/user.ts'

/** A sign-in through a provider, as the hooks are told of it. */
export interface ExternalLogin {
  provider: string
  /** What the provider said, tokens included. */
  account: Readonly<Record<string, unknown>>
  /** What a new user would begin with. */
  options: Readonly<Record<string, unknown>>
}

/** The hooks. */
export interface ExternalLoginHooks {
  /** May they sign in? Refuses by throwing, or by answering something falsy. `user`: null for somebody new. */
  before: (login: ExternalLogin, user: User | null) => unknown
  /** What a new user begins with, and which of the app's own fields of an existing one change. */
  on: (login: ExternalLogin, user: User | null) => Promise<Readonly<Record<string, unknown>>> | Readonly<Record<string, unknown>>
  /** Whose account it is, when nobody is linked: the id of a user. The app vouches for it: they sign in from then on. */
  alsoFind: (login: ExternalLogin) => Promise<string | null> | string | null
}

/** What Meteor calls them, for its messages. */
const NAMES: Readonly<Record<keyof ExternalLoginHooks, string>> = {
  before: 'beforeExternalLogin',
  on: 'onExternalLogin',
  alsoFind: 'setAdditionalFindUserOnExternalLogin',
}

/** The hooks of one `Accounts`. */
export class ExternalLogins {
  readonly #hooks: Partial<ExternalLoginHooks> = {}

  /**
   * Sets a hook.
   * @throws Error when there is one already
   */
  set<Name extends keyof ExternalLoginHooks>(name: Name, hook: ExternalLoginHooks[Name]): Stop {
    if (this.#hooks[name]) throw new Error(`Can only call ${NAMES[name]} once`)
    this.#hooks[name] = hook
    return stopOf(() => delete this.#hooks[name])
  }

  /** True when the app has nothing to say. */
  isSilent(): boolean {
    return Object.keys(this.#hooks).length === 0
  }

  /** @throws AccountsError `Forbidden`, and what the hook throws */
  async ask(login: ExternalLogin, user: User | null): Promise<void> {
    const { before } = this.#hooks
    if (before && !(await asApp(before(login, user)))) throw new AccountsError('Forbidden', { message: 'Login forbidden' })
  }

  /** What a new user begins with; without a hook the options, and nothing for somebody who is here already. */
  async fieldsOf(login: ExternalLogin, user: User | null): Promise<Readonly<Record<string, unknown>>> {
    const { on } = this.#hooks
    if (!on) return user ? {} : login.options
    return (await asApp(on(login, user))) ?? {}
  }

  /** The id of a user of the app's choice. */
  async find(login: ExternalLogin): Promise<string | null> {
    return (await asApp(this.#hooks.alsoFind?.(login) ?? null)) ?? null
  }
}

async function asApp<T>(asked: Promise<T> | T): Promise<T> {
  try {
    return await asked
  } catch (thrown) {
    throw passThrough(thrown)
  }
}
