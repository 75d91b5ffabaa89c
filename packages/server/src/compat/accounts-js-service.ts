/** A service written for accounts-js as a strategy: it says who somebody is, and the login flow does the rest. */
import { AccountsError, isAccountsError, isErrorCode } from '@latchkey/common'
import type { Core } from '../core/core.ts'
import { passThrough } from '../core/hooks.ts'
import type { Factor } from '../core/session/session.ts'
import type { Proof, Strategy } from '../core/strategy.ts'
import { AccountsJsError } from './accounts-js-error.ts'
import type { AuthenticationService } from './accounts-js-types.ts'
import type { DatabaseInterface } from './database/database-of.ts'

/** True for a strategy of ours. */
export const isStrategy = (given: unknown): given is Strategy => hasMethods(given, ['parse', 'authenticate'])

/** True for a service of accounts-js. */
export const isService = (given: unknown): given is AuthenticationService => hasMethods(given, ['authenticate']) && !isStrategy(given)

/**
 * The strategies of the services an app gives, by the names they have on the wire.
 * @throws AccountsError `InvalidSettings` for a class where an object is wanted, and for what is no service or has no name
 */
export function strategiesOf(services: Readonly<Record<string, unknown>>): Record<string, Strategy> {
  if (typeof services !== 'object' || services === null || Array.isArray(services)) {
    throw new AccountsError('InvalidSettings', { message: 'Give the services by name, for example { password: new AccountsPassword() }' })
  }
  return Object.fromEntries(Object.entries(services).map(([name, service]) => [name, strategyOf(name, service)]))
}

/** Hands a service what accounts-js gives it before first use: the server, and the database by whichever method it has. */
export function connect(service: AuthenticationService, server: unknown, database: DatabaseInterface): void {
  service.server = server
  service.setStore?.(database)
  service.setUserStore?.(database)
  service.setSessionsStore?.(database)
}

function strategyOf(name: string, given: unknown): Strategy {
  if (isStrategy(given)) return given
  if (isService(given)) return serviceStrategy(name, given)
  // accounts-js 1.0 resolves classes through a container that is not here.
  const instead =
    typeof given === 'function'
      ? `is a class or a function. Give an object: { ${name}: new ${given.name || 'Service'}(…) }`
      : 'is no service: it needs the method authenticate(params)'
  throw new AccountsError('InvalidSettings', { message: `The service "${name}" ${instead}` })
}

/**
 * The user that the service answers must be kept in our store: everything that is known of them, deactivation included, comes from there. What the service
 * throws on purpose reaches the client; anything else is ours to report.
 */
export function serviceStrategy(name: string, service: AuthenticationService): Strategy {
  let core: Core
  return {
    name,
    // What a service makes of a `code` nobody else can know.
    ownCode: true,
    byName: true,
    attach(given) {
      core = given
    },
    // accounts-js hands a service whatever was sent. An object, at least, so that reading a name of it is no accident.
    parse: params => (typeof params === 'object' && params !== null ? params : {}),
    async authenticate(params): Promise<Proof | undefined> {
      const user = await askService(service, params)
      const id = idOf(user)
      if (id === undefined) return undefined
      // What a service proves is unknown; of the second factor's kind it must not be.
      const factor: Factor = { name, kind: 'knows', at: core.clock.now() }
      return { userId: id, factor, ...(user?.deactivated === true ? { error: new AccountsError('UserDeactivated') } : {}) }
    },
  }
}

async function askService(service: AuthenticationService, params: unknown): ReturnType<AuthenticationService['authenticate']> {
  try {
    return await service.authenticate(params)
  } catch (thrown) {
    throw shown(thrown)
  }
}

/**
 * An error that was made to be read is passed on: one of ours, accounts-js's own, or a plain `Error`. What a driver, the system or a slip throws is not, because
 * its text is for nobody outside.
 */
function shown(thrown: unknown): unknown {
  if (isAccountsError(thrown) || !isMeant(thrown)) return thrown
  // A code of ours means what it means here: a wrong password counts as one.
  const { message, code } = thrown as Error & { code?: unknown }
  return isErrorCode(code) ? new AccountsError(code, { message, cause: thrown }) : passThrough(thrown)
}

function isMeant(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  // Also those of the npm package `@accounts/server`, from which older services may still take the class.
  if (thrown instanceof AccountsJsError || thrown.constructor.name === 'AccountsJsError') return true
  return Object.getPrototypeOf(thrown) === Error.prototype && !('syscall' in thrown) && !('errno' in thrown)
}

function idOf(user: unknown): string | undefined {
  if (typeof user !== 'object' || user === null || !('id' in user)) return undefined
  return typeof user.id === 'string' && user.id !== '' ? user.id : undefined
}

function hasMethods(given: unknown, names: readonly string[]): boolean {
  // The members of an object, its class's included.
  return typeof given === 'object' && given !== null && names.every(name => typeof Reflect.get(given, name) === 'function')
}
