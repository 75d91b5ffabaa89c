import { MeteorError } from '@latchkey/common/meteor'
import type { LoginClient } from './login-client.ts'

/** The part of a client that services are registered with. */
type Registry = Pick<LoginClient, 'registerClientLoginFunction'>

/** Services that sign in through another site, as far as an app names them. */
export class LoginServices {
  readonly #client: Registry
  readonly #names = new Set<string>()

  constructor(client: Registry) {
    this.#client = client
  }

  /**
   * Names a service, which is then known as `loginWith<Name>`. Signing in through other sites is not offered over DDP: such a call is rejected and says so.
   * @throws Error when it is registered already
   */
  registerService(name: string): void {
    if (this.#names.has(name)) throw new Error(`Service already registered: ${name}`)
    this.#client.registerClientLoginFunction(name, (...args: unknown[]) => this.login(name, args.at(-1)))
    this.#names.add(name)
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
