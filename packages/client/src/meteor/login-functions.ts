/** A way to sign in, by its name. */
// oxlint-disable-next-line typescript/no-explicit-any -- whoever registers one knows its parameters, as in Meteor
export type LoginFunction = (...args: any[]) => unknown

/** Ways to sign in that packages of an app bring along. */
export class LoginFunctions {
  readonly #named = new Map<string, LoginFunction>()

  /** @throws Error `<name> has been defined already` */
  register(name: string, login: LoginFunction): void {
    if (this.#named.has(name)) throw new Error(`${name} has been defined already`)
    this.#named.set(name, login)
  }

  /** @throws Error `<name> was not defined` */
  apply(name: string, args: readonly unknown[]): unknown {
    const login = this.#named.get(name)
    if (!login) throw new Error(`${name} was not defined`)
    return login(...args)
  }

  unregister(name: string): void {
    this.#named.delete(name)
  }
}
