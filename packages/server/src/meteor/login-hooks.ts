/** Meteor's hooks around a login, on the moments of the core. */
import { Callbacks, MeteorError, project } from '@latchkey/common/meteor'
import type { Registered, ReportedError } from '@latchkey/common/meteor'
import { toMeteorUser } from '../compat/meteor-user.ts'
import type { MeteorUser } from '../compat/meteor-user.ts'
import type { Accounts } from '../core/accounts.ts'
import type { LoginAttempt, Told } from '../core/hooks.ts'
import type { User } from '../core/identity/user.ts'
import { paramsWithoutSecrets } from '../core/looks-secret.ts'
import { toMeteorError } from '../transports/ddp/accounts/errors.ts'
import { halfWay, meteorTypeOf } from '../transports/ddp/accounts/sign-in.ts'
import type { Connection } from '../wire/connection.ts'
import { currentInvocation, runInvocation } from '../wire/invocation.ts'
import type { Invocation } from '../wire/invocation.ts'
import type { FieldSelector } from '@latchkey/common/meteor'

/** An attempt to sign in, as Meteor's hooks are told of it. Each hook gets a copy of its own. */
export interface MeteorLoginAttempt {
  /** The way it was tried, for example `password` or `resume`; `unknown` when nobody recognised it. */
  type: string
  allowed: boolean
  /** Why not, once something refused. */
  error?: ReportedError
  /** Once it is known whose account it is about; with the fields of `defaultFieldSelector`. */
  user?: MeteorUser
  /** The socket it came by; null over HTTP and from the app's own code. */
  connection: Connection | null
  /** The method that was called. */
  methodName: string
  /** What it was called with, without passwords, digests, codes and tokens. */
  methodArguments: unknown[]
  /** The collection the users are in. */
  collection: string
}

/** A logout, as Meteor's hooks are told of it. */
export interface MeteorLogout {
  user: MeteorUser
  connection: Connection | null
  collection: string
}

/** Refuses by answering something falsy or by throwing. */
export type ValidateLoginAttempt = (attempt: MeteorLoginAttempt) => unknown
/** Told of a login that succeeded or was refused. */
export type LoginCallback = (attempt: MeteorLoginAttempt) => unknown
/** Told of a logout. */
export type LogoutCallback = (logout: MeteorLogout) => unknown

/** What the hooks say about users is for the server's options to decide. */
interface Manner {
  selector(): FieldSelector | undefined
  collection(): string
}

/** How a handler that is no string or object of options appears to hooks: positional arguments of a login method are tokens and passwords. */
const WITHHELD = '[withheld]'

/** The subscriptions of one server. */
export class LoginHooks {
  readonly #accounts: Accounts
  readonly #manner: Manner
  readonly #validate = new Callbacks<MeteorLoginAttempt>()
  readonly #login = new Callbacks<MeteorLoginAttempt>()
  readonly #failure = new Callbacks<MeteorLoginAttempt>()
  readonly #logout = new Callbacks<MeteorLogout>()
  readonly #heard = new Set<Callbacks<never>>()

  constructor(accounts: Accounts, manner: Manner) {
    this.#accounts = accounts
    this.#manner = manner
  }

  validate<Callback extends ValidateLoginAttempt>(callback: Callback): Registered<Callback> {
    this.#once(this.#validate, () => this.#accounts.core.hooks.on('validateLogin', attempt => this.#ask(attempt)))
    return this.#validate.register(callback)
  }

  onLogin<Callback extends LoginCallback>(callback: Callback): Registered<Callback> {
    this.#once(this.#login, () => this.#accounts.core.hooks.on('login', attempt => this.#tell(this.#login, attempt, attempt.user.id)))
    return this.#login.register(callback)
  }

  onLoginFailure<Callback extends LoginCallback>(callback: Callback): Registered<Callback> {
    this.#once(this.#failure, () =>
      this.#accounts.core.hooks.on('loginFailure', attempt => this.#tell(this.#failure, attempt, whoBefore(attempt))),
    )
    return this.#failure.register(callback)
  }

  onLogout<Callback extends LogoutCallback>(callback: Callback): Registered<Callback> {
    this.#once(this.#logout, () => this.#accounts.core.hooks.on('logout', moment => this.#tellLogout(moment)))
    return this.#logout.register(callback)
  }

  /** The core is listened to from the first callback on: a login that nobody wants to hear of costs nothing. */
  #once(callbacks: Callbacks<never>, listen: () => unknown): void {
    if (this.#heard.has(callbacks)) return
    this.#heard.add(callbacks)
    listen()
  }

  /** All are asked, also after a refusal, and of errors the last counts; a refusal without one has the error that was there before. */
  async #ask(attempt: LoginAttempt): Promise<void> {
    if (this.#validate.isEmpty) return
    const copy = await this.#copiesOf(attempt)
    let { allowed, error }: { allowed: boolean; error?: unknown } = attempt
    let refusal: { with: unknown } | undefined
    for (const callback of this.#validate.all()) {
      try {
        const welcome = await as(whoBefore(attempt), () => callback(copy(allowed, error)))
        if (welcome) continue
        allowed = false
        if (error !== undefined) continue
        error = new MeteorError(403, 'Login forbidden')
      } catch (thrown) {
        allowed = false
        error = thrown
      }
      refusal = { with: error }
    }
    if (refusal) throw refusal.with
  }

  async #tell(callbacks: Callbacks<MeteorLoginAttempt>, attempt: LoginAttempt, userId: string | null): Promise<void> {
    if (callbacks.isEmpty) return
    const copy = await this.#copiesOf(attempt)
    await as(userId, () => callbacks.tell(() => copy(attempt.allowed, attempt.error), this.#complain))
  }

  async #tellLogout({ user: who }: Told['logout']): Promise<void> {
    if (this.#logout.isEmpty) return
    const user = await this.#documentOf(who)
    const connection = currentInvocation()?.connection ?? null
    await as(who.id, () => this.#logout.tell(() => ({ user: user(), connection, collection: this.#manner.collection() }), this.#complain))
  }

  /** Makes as many copies of an attempt as there are callbacks; what has to be read for them is read once. */
  async #copiesOf(attempt: LoginAttempt): Promise<(allowed: boolean, error: unknown) => MeteorLoginAttempt> {
    const { settings } = this.#accounts.core
    const user = attempt.user && (await this.#documentOf(attempt.user))
    const { connection = null, methodName = 'login', methodArguments = [attempt.params] } = currentInvocation() ?? {}
    return (allowed, error) => {
      const shown = error === undefined ? undefined : (halfWay(settings, attempt.service, error) ?? toMeteorError(settings, error))
      return {
        type: meteorTypeOf(attempt.service),
        allowed,
        ...(shown === undefined ? {} : { error: errorOf(shown) }),
        ...(user ? { user: user() } : {}),
        connection,
        methodName,
        methodArguments: methodArguments.map(argumentWithoutSecrets),
        collection: this.#manner.collection(),
      }
    }
  }

  async #documentOf(user: User): Promise<() => MeteorUser> {
    const { settings, store } = this.#accounts.core
    const credentials = await store.users.credentials(user.id)
    // Of the fields of a document some, as `defaultFieldSelector` says; apps know which.
    return () => project(toMeteorUser(settings.face, user, credentials), this.#manner.selector()) as MeteorUser
  }

  readonly #complain = (message: string, error: unknown): void => this.#accounts.core.log.error({ err: error }, message)
}

// JavaScript can throw anything.
const errorOf = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error('A hook threw what is no error', { cause: thrown })

/** Who was signed in before the attempt, where it was made. */
const whoBefore = ({ origin }: LoginAttempt): string | null => {
  const invocation = currentInvocation()
  return invocation ? invocation.userId : (origin.session?.userId ?? null)
}

const NOWHERE: Invocation = { userId: null, connection: null, transport: 'app' }

/** So that `userId()` inside of a hook answers this. */
const as = <T>(userId: string | null, work: () => T): T => runInvocation({ ...(currentInvocation() ?? NOWHERE), userId }, work)

function argumentWithoutSecrets(argument: unknown): unknown {
  if (typeof argument === 'string') return WITHHELD
  if (Array.isArray(argument)) return argument.map(argumentWithoutSecrets)
  return typeof argument === 'object' && argument !== null ? paramsWithoutSecrets(argument) : argument
}
