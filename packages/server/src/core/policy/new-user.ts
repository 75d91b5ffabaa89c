/** The app's say in who becomes a user: one hook that makes the user, any number that may refuse. */
import { AccountsError, subscribe } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { UserEmail } from '../identity/user.ts'

/** A user who is about to be kept, as hooks see them. */
export interface UserToBe {
  /** The id they will have. Only where a database makes the ids of its users it will be another one. */
  id: string
  username?: string
  emails: UserEmail[]
  /** Epoch milliseconds. */
  createdAt: number
  /** The app's own fields. */
  custom: Record<string, unknown>
  /** How they will sign in: what a provider said under its name, and `password` (empty) when one was given. Kept whatever a hook hands back. */
  services: Record<string, Record<string, unknown>>
}

/** Makes the user who is kept, of what was asked for and what would be kept without it. */
export type NewUserMaker = (options: Record<string, unknown>, user: UserToBe) => UserToBe | Promise<UserToBe>

/** Refuses by throwing, or by answering something falsy. */
export type NewUserValidator = (user: UserToBe) => unknown

/** The hooks of one `Accounts` that are asked about every new user, whichever way they come. */
export class NewUsers {
  #maker: NewUserMaker | undefined
  readonly #validators = new Set<NewUserValidator>()

  /**
   * Sets the one hook that makes new users.
   * @throws Error when there is one already
   */
  onCreate(maker: NewUserMaker): Stop {
    if (this.#maker) throw new Error('Can only call onCreateUser once')
    this.#maker = maker
    return Object.assign(() => this.#forget(maker), { stop: () => this.#forget(maker) })
  }

  /** Adds a hook that may refuse. All are asked, in the order they came, until one refuses. */
  validate(validator: NewUserValidator): Stop {
    // A wrapper of its own, so that the same function added twice is two hooks.
    return subscribe(this.#validators, user => validator(user))
  }

  /** True when the app has nothing to say. */
  isSilent(): boolean {
    return this.#maker === undefined && this.#validators.size === 0
  }

  /** The user as the app's hook makes them; undefined when there is no such hook. */
  async make(options: Record<string, unknown>, user: UserToBe): Promise<UserToBe | undefined> {
    return this.#maker?.(options, user)
  }

  /** @throws AccountsError `UserValidationFailed`, and what a hook throws, as it threw it */
  async ask(user: UserToBe): Promise<void> {
    for (const validator of this.#validators) {
      if (!(await validator(user))) throw new AccountsError('UserValidationFailed')
    }
  }

  #forget(maker: NewUserMaker): void {
    if (this.#maker === maker) this.#maker = undefined
  }
}
