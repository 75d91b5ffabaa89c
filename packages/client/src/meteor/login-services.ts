import { MeteorError } from '@latchkey/common/meteor'
import type { LoginFunctions } from './login-functions.ts'

/** Services that sign in through another site, as far as an app names them. */
export class LoginServices {
  readonly #functions: LoginFunctions
  readonly #names = new Set<string>()

  constructor(functions: LoginFunctions) {
    this.#functions = functions
  }

  /**
   * Names a service, which is then known as `loginWith<Name>`. Signing in through other sites is not offered over DDP: such a call is rejected and says so.
   * @throws Error `Duplicate service: <name>`
   */
  registerService(name: string): void {
    if (this.#names.has(name)) throw new Error(`Duplicate service: ${name}`)
    this.#functions.register(name, (...args: unknown[]) => this.login(name, args.at(-1)))
    this.#names.add(name)
  }

  /** Takes the name back. @throws Error `Service not found: <name>` */
  unregisterService(name: string): void {
    if (!this.#names.delete(name)) throw new Error(`Service not found: ${name}`)
    this.#functions.unregister(name)
  }

  serviceNames(): string[] {
    return [...this.#names]
  }

  /** The service that `loginWithGoogle` means, if it was named. */
  named(loginWith: string): string | undefined {
    return this.serviceNames().find(name => loginWith === `loginWith${name.charAt(0).toUpperCase()}${name.slice(1)}`)
  }

  /** Nothing is half begun: there is neither a window nor a request. */
  login(name: string, callback: unknown): Promise<never> | undefined {
    const error = new MeteorError('oauth-not-offered', `Signing in with ${name} is not offered over DDP; use the service's route over REST`)
    if (typeof callback !== 'function') return Promise.reject(error)
    Reflect.apply(callback, undefined, [error])
    return undefined
  }
}
