import { BlockList, isIP } from 'node:net'
import type { Stop } from '@latchkey/common'
import { MeteorError } from '@latchkey/common/ddp'
import type { Accounts } from '../../core/accounts.ts'
import { ConfigError } from './config-error.ts'
import { documentOf, LoginServiceConfigurations } from './configurations.ts'
import type { ServiceConfigurationDocument } from './configurations.ts'
import type { OAuthServices } from './oauth-services.ts'

/** Who calls the method `configureLoginService`. */
export interface ConfiguringCaller {
  userId: string | null
  clientAddress: string | null
  /** Headers of the request that opened the connection, in lower case. */
  httpHeaders: Readonly<Record<string, string>>
}

/** May this caller configure that service? */
export type ConfiguringRule = (caller: ConfiguringCaller & { service: string }) => boolean | Promise<boolean>

/** Meteor's `ServiceConfiguration`, and what stands behind its publication and its method. */
export class ServiceConfiguration {
  /** The documents, for the app's own code. */
  readonly configurations: LoginServiceConfigurations
  readonly ConfigError: typeof ConfigError = ConfigError
  readonly #accounts: Accounts
  readonly #services: Pick<OAuthServices, 'serviceNames'>
  #rule: ConfiguringRule | undefined

  constructor(accounts: Accounts, services: Pick<OAuthServices, 'serviceNames'>) {
    this.#accounts = accounts
    this.#services = services
    this.configurations = new LoginServiceConfigurations(accounts.serviceConfigurations, accounts.core.chance)
  }

  /**
   * Says who may call the method `configureLoginService`. Without a rule nobody may, but for a browser on this very machine outside production: in Meteor, whoever
   * comes first to an app that is not configured yet decides whose provider its users sign in with.
   */
  allowConfiguring(rule: ConfiguringRule): void {
    this.#rule = rule
  }

  /** Puts these in the place of what is kept, field by field: Meteor's settings `packages["service-configuration"]`. */
  async take(configurations: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Promise<void> {
    for (const [service, $set] of Object.entries(configurations)) await this.configurations.upsertAsync({ service }, { $set })
  }

  /** The documents as anybody may see them, without secrets: what `meteor.loginServiceConfiguration` publishes. */
  async publicDocuments(): Promise<ServiceConfigurationDocument[]> {
    return (await this.#accounts.serviceConfigurations.listPublic()).map(documentOf)
  }

  /** Tells when they may have changed, in this process or another. */
  watch(listener: () => void): Stop {
    return this.#accounts.serviceConfigurations.watch(listener)
  }

  /**
   * The method `configureLoginService`: configures a registered service that has no configuration yet.
   * @throws MeteorError 400 for no document, 403 for callers who may not, services that nobody registered, and those that are configured
   */
  async configure(document: unknown, caller: ConfiguringCaller): Promise<void> {
    if (!isDocument(document)) throw new MeteorError(400, 'Match failed')
    const { service } = document
    if (!(await this.#mayConfigure(service, caller))) throw new MeteorError(403, 'Not allowed to configure login services')
    if (!this.#services.serviceNames().includes(service)) throw new MeteorError(403, 'Service unknown')
    await this.configurations.insertAsync(document)
  }

  async #mayConfigure(service: string, caller: ConfiguringCaller): Promise<boolean> {
    if (this.#rule) return this.#rule({ ...caller, service })
    return !this.#accounts.core.settings.production && isOnThisMachine(caller)
  }
}

const isDocument = (value: unknown): value is { service: string } =>
  typeof value === 'object' && value !== null && 'service' in value && typeof value.service === 'string'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

/** By its address, through no proxy, and under a name of this machine: a page elsewhere whose name leads here (DNS rebinding) is not that. */
function isOnThisMachine({ clientAddress, httpHeaders }: ConfiguringCaller): boolean {
  const version = isIP(clientAddress ?? '')
  if (version === 0 || !LOOPBACK.check(clientAddress ?? '', version === 6 ? 'ipv6' : 'ipv4')) return false
  if (FORWARDED.some(header => httpHeaders[header] !== undefined)) return false
  const host = httpHeaders['host']?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  return host === 'localhost' || host === '127.0.0.1' || host === '::1'
}

const FORWARDED = ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via'] as const
