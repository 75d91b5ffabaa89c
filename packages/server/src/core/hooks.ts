/**
 * The moments an app can take part in. Hooks that are **asked** may refuse by throwing; hooks that are **told** can undo nothing: one that
 * throws is reported, and what happened stands.
 */
import { AccountsError, isAccountsError, subscribe } from '@latchkey/common'
import type { Stop, Tokens } from '@latchkey/common'
import { isMeteorError } from '@latchkey/common/meteor'
import type { Login } from './accounts.ts'
import type { User } from './identity/user.ts'
import type { Log } from './ports.ts'
import type { Session } from './session/session.ts'
import type { Origin } from './strategy.ts'

/** A login that is being judged, or was. */
export interface LoginAttempt {
  /** The way it was tried, for example `password`. */
  service: string
  origin: Origin
  /** What the caller sent, without passwords, codes and tokens. */
  params: Record<string, unknown>
  /** Whose account it is about, once that is known. */
  user?: User
  /** False when something before already refused; a `validateLogin` hook may then replace `error`. */
  allowed: boolean
  error?: Error
  /** After success. */
  session?: Session
}

/** Hooks that may refuse. */
export interface Asked {
  validateLogin: LoginAttempt
}

/** Hooks that are told. */
export interface Told {
  login: LoginAttempt & { session: Session; user: User }
  loginFailure: LoginAttempt & { error: Error }
  authenticated: LoginAttempt
  authenticationFailure: LoginAttempt & { error: Error }
  /** With the token that asked for it, when a token did. */
  logout: { session: Session; user: User; accessToken?: string }
  logoutFailure: { error: Error }
  userCreated: { user: User; origin: Origin }
  userCreationFailure: { user: Record<string, unknown>; error: Error }
  /** `session` is null with `useStatelessSession`. */
  resumed: { user: User; session: Session | null; accessToken: string }
  resumeFailure: { error: Error }
  /** With the new pair, as accounts-js's hook of that name hands it over. */
  refreshed: { user: User; session: Session; tokens: Tokens; origin: Origin }
  refreshFailure: { error: Error }
  /** `user` acts as `target` from now on, in the session that `login` holds. */
  impersonated: { user: User; target: User; login: Login; origin: Origin }
  impersonationFailure: { error: Error }
  passwordReset: { user: User }
  passwordChanged: { user: User }
}

type Listener<T> = (moment: T) => void | Promise<void>
type Moments = Asked & Told

/** The subscriptions of one `Accounts`. */
export class Hooks {
  readonly #listeners = new Map<keyof Moments, Set<Listener<never>>>()
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  /** Subscribes; call what it returns to stop. */
  on<K extends keyof Moments>(moment: K, listener: Listener<Moments[K]>): Stop {
    const listeners = this.#listeners.get(moment) ?? new Set()
    this.#listeners.set(moment, listeners)
    // One set per moment, so every listener in it takes that moment's payload.
    return subscribe(listeners as Set<Listener<Moments[K]>>, listener)
  }

  /** True when nobody would hear: lets hot paths skip building a payload. */
  isSilent(moment: keyof Moments): boolean {
    return !this.#listeners.get(moment)?.size
  }

  /**
   * Asks about a login, one listener after another, all of them even after a refusal (Meteor's rule): later ones see `allowed: false`
   * and may throw an error that replaces the earlier one.
   */
  async askLogin(attempt: LoginAttempt): Promise<void> {
    for (const listener of this.#of('validateLogin')) {
      try {
        await listener(attempt)
      } catch (thrown) {
        attempt.allowed = false
        attempt.error = passThrough(thrown)
      }
    }
  }

  /** Tells all listeners and waits for them; failures are reported to the log and go no further. */
  async tell<K extends keyof Told>(moment: K, payload: Told[K]): Promise<void> {
    if (this.isSilent(moment)) return
    // `Told[K]` is `Moments[K]` for every K of `Told`, which TypeScript cannot see through the intersection.
    const told = this.#of<K>(moment).map(async listener => listener(payload as unknown as Moments[K]))
    for (const outcome of await Promise.allSettled(told)) {
      if (outcome.status === 'rejected')
        this.#log.error({ hook: moment, err: outcome.reason as unknown }, 'a hook that was told threw; what it was told about stands')
    }
  }

  #of<K extends keyof Moments>(moment: K): Listener<Moments[K]>[] {
    // See `on`: a set holds listeners of its own moment only.
    return [...(this.#listeners.get(moment) ?? [])] as unknown as Listener<Moments[K]>[]
  }
}

/** An app's own error keeps its text and code on every wire; ours pass as they are. */
export function passThrough(thrown: unknown): AccountsError {
  if (isAccountsError(thrown)) return thrown
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  // An error of Meteor's is made to be read: by its code, and by the reason that its message repeats.
  if (isMeteorError(error))
    return new AccountsError('AppError', { message: error.reason ?? error.message, cause: error, appCode: error.error })
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : undefined
  return new AccountsError('AppError', { message: error.message, cause: error, ...(code === undefined ? {} : { appCode: code }) })
}
