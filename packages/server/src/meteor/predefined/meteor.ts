import { MeteorError } from '@latchkey/common/meteor'
import type { FieldOptions } from '@latchkey/common/meteor'
import type { Stop } from '@latchkey/common'
import type { MeteorUser } from '../../compat/meteor-user.ts'
import type { DDPServer, MethodHandler, PublishHandler } from '../../transports/ddp/index.ts'
import type { Connection } from '../../wire/connection.ts'
import type { UsersCollection } from '../users/users-collection.ts'
import type { Predefined } from './predefined.ts'
import type { MeteorSettings } from './settings.ts'

/** What there is of Meteor's global object on a server: who is signed in, methods and publications. */
export class MeteorGlobal {
  readonly isServer = true
  readonly isClient = false
  readonly Error: typeof MeteorError = MeteorError
  readonly #predefined: Predefined

  constructor(predefined: Predefined) {
    this.#predefined = predefined
  }

  get isProduction(): boolean {
    return this.#predefined.isProduction
  }

  get isDevelopment(): boolean {
    return !this.isProduction
  }

  /** The app's settings: `METEOR_SETTINGS`, the file that `METEOR_SETTINGS_FILE` names, or those of `setUpAccounts`. */
  get settings(): MeteorSettings {
    return this.#predefined.settings
  }

  /** The DDP server, to be mounted with `attachDdp` of `@latchkey/server/node`. */
  get server(): DDPServer {
    return this.#predefined.server
  }

  /**
   * The signed-in user's id inside of a method, a publication, a hook or a request.
   * @throws Error outside of any
   */
  userId(): string | null {
    return this.#predefined.accounts.userId()
  }

  /** The same as {@link userAsync}. @deprecated Meteor 3 has it so that old code says what to change */
  user(options?: FieldOptions): Promise<MeteorUser | null> {
    return this.#predefined.accounts.user(options)
  }

  /** The signed-in user; null when nobody is signed in. */
  userAsync(options?: FieldOptions): Promise<MeteorUser | null> {
    return this.#predefined.accounts.userAsync(options)
  }

  /** The users as documents. */
  get users(): UsersCollection {
    return this.#predefined.accounts.users
  }

  /** Defines methods by their names. */
  methods(named: Readonly<Record<string, MethodHandler>>): void {
    this.server.methods(named)
  }

  /** Defines a publication, or several by their names; with null in the place of a name every client gets it. */
  publish(named: Readonly<Record<string, PublishHandler>>): void
  publish(name: string | null, handler: PublishHandler): void
  publish(...publication: [name: string | null, handler: PublishHandler] | [named: Readonly<Record<string, PublishHandler>>]): void {
    if (publication.length === 1) this.server.publish(...publication)
    else this.server.publish(...publication)
  }

  /** Tells the listener of each new connection. */
  onConnection(listener: (connection: Connection) => unknown): Stop {
    return this.server.onConnection(listener)
  }

  /** Calls a method, without limits; inside of a method on behalf of the same client. */
  callAsync(name: string, ...params: unknown[]): Promise<unknown> {
    return this.server.call(name, ...params)
  }

  /** The same with the parameters in a list. */
  applyAsync(name: string, params: readonly unknown[]): Promise<unknown> {
    return this.server.call(name, ...params)
  }

  /** Runs the work once the store is open. What it throws rejects. */
  async startup(work: () => unknown): Promise<void> {
    await this.#predefined.accounts.init()
    await work()
  }

  /** An address of the site: `ROOT_URL`, and the path below it. */
  absoluteUrl(path: string = ''): string {
    return `${this.#predefined.siteUrl}/${path.replace(/^\/+/, '')}`
  }
}
