/** The accounts of a process that sets up none: made of its settings and its environment when they are first used. */
import { AccountsError } from '@latchkey/common'
import { AccountsServer } from '../../accounts-server.ts'
import type { Log } from '../../core/ports.ts'
import { processLog } from '../../system.ts'
import { DDPServer } from '../../transports/ddp/index.ts'
import type { DDPServerOptions } from '../../transports/ddp/index.ts'
import { Email } from '../email/email.ts'
import type { MeteorServerOptions } from '../meteor-options.ts'
import { placeOf } from './database.ts'
import { contentOf, optionsOfSettings, settingsOf } from './settings.ts'
import type { Environment, MeteorSettings } from './settings.ts'

/** What an app can say about the predefined accounts, before it uses them. Everything is optional. */
export interface SetUpOptions extends Partial<MeteorServerOptions> {
  /** Of the DDP server, or one that is there already. */
  ddp?: DDPServerOptions | DDPServer
  /** In the place of those of `METEOR_SETTINGS`. */
  settings?: MeteorSettings
}

/** One set of predefined objects. */
export class Predefined {
  readonly #env: Environment
  #given: SetUpOptions | undefined
  #settings: MeteorSettings | undefined
  #email: Email | undefined
  #ddp: DDPServer | undefined
  #accounts: AccountsServer | undefined

  constructor(env: Environment) {
    this.#env = env
  }

  /**
   * Says what they shall be made of.
   * @throws AccountsError `InvalidSettings` when they are in use already
   */
  setUp(options: SetUpOptions): void {
    if (this.#given || this.#settings || this.#accounts || this.#ddp || this.#email) {
      throw new AccountsError('InvalidSettings', {
        message: 'setUpAccounts comes too late: Accounts, Meteor or Email are in use already. Import it first',
      })
    }
    this.#given = { ...options }
  }

  get isProduction(): boolean {
    return this.#given?.production ?? this.#env.NODE_ENV === 'production'
  }

  get settings(): MeteorSettings {
    this.#settings ??= this.#given?.settings ?? settingsOf(this.#env)
    return this.#settings
  }

  /** Below which links lead: `ROOT_URL`, as in Meteor. */
  get siteUrl(): string {
    return (this.#given?.siteUrl ?? this.#env.ROOT_URL ?? 'http://localhost:3000').replace(/\/+$/, '')
  }

  get email(): Email {
    this.#email ??= new Email(() => {
      const { email } = this.settings.packages ?? {}
      return {
        url: this.#env.MAIL_URL,
        ...(email ? { settings: email } : {}),
        production: this.isProduction,
        print: text => void process.stdout.write(text),
      }
    })
    return this.#email
  }

  /** The DDP server; whoever uses it has accounts on it. */
  get server(): DDPServer {
    void this.accounts
    return this.#ddpServer
  }

  get accounts(): AccountsServer {
    this.#accounts ??= this.#make()
    return this.#accounts
  }

  get #log(): Log {
    return this.#given?.log ?? processLog
  }

  get #ddpServer(): DDPServer {
    const given = this.#given?.ddp
    this.#ddp ??= given instanceof DDPServer ? given : new DDPServer({ log: this.#log, ...given })
    return this.#ddp
  }

  #make(): AccountsServer {
    const { settings: _settings, ddp: _ddp, ...given } = this.#given ?? {}
    const options: Partial<MeteorServerOptions> = { ...optionsOfSettings(this.settings), ...given }
    const place = options.db ? undefined : placeOf(this.#env, this.isProduction, message => this.#log.warn({}, message))
    const db = options.db ?? place?.db
    const accounts = new AccountsServer(this.#ddpServer, {
      siteUrl: this.siteUrl,
      sendMail: mail => this.email.sendAsync(mail),
      production: this.isProduction,
      ...options,
      ...(db ? { db } : {}),
      tokenSecret: options.tokenSecret ?? this.#secret(place?.makeSecret),
    })
    // It is taken in, and not before: an app that shows its settings does not show the key.
    Reflect.deleteProperty(this.settings.packages?.['accounts-base'] ?? {}, 'oauthSecretKey')
    const configurations = this.settings.packages?.['service-configuration']
    if (configurations) void this.#take(accounts, configurations)
    return accounts
  }

  #secret(make: (() => string | undefined) | undefined): string {
    const { LATCHKEY_SECRET: secret, LATCHKEY_SECRET_FILE: file } = this.#env
    if (secret !== undefined && secret !== '') return secret
    if (file !== undefined && file !== '') return contentOf('LATCHKEY_SECRET_FILE', file).trim()
    const made = this.isProduction ? undefined : make?.()
    if (made !== undefined) return made
    throw new AccountsError('InvalidSettings', {
      message: 'LATCHKEY_SECRET is missing. Make one: npx latchkey secret. Or give `tokenSecret` to setUpAccounts',
    })
  }

  async #take(
    accounts: AccountsServer,
    configurations: NonNullable<NonNullable<MeteorSettings['packages']>['service-configuration']>,
  ): Promise<void> {
    try {
      await accounts.serviceConfiguration.take(configurations)
    } catch (error) {
      this.#log.error({ err: error }, 'the settings packages["service-configuration"] could not be kept')
    }
  }
}
