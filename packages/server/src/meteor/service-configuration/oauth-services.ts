/** The names of the services that an app offers to sign in with. Meteor's `Accounts.oauth`. */
export class OAuthServices {
  readonly #names = new Set<string>()

  /** @throws Error for one that is registered already */
  registerService(name: string): void {
    if (this.#names.has(name)) throw new Error(`Duplicate service: ${name}`)
    this.#names.add(name)
  }

  /** @throws Error for one that is not registered */
  unregisterService(name: string): void {
    if (!this.#names.delete(name)) throw new Error(`Service not found: ${name}`)
  }

  /** In the order they were registered. */
  serviceNames(): string[] {
    return [...this.#names]
  }
}
