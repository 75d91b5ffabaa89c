/** A sign-in was tried for a service that nobody has configured. Meteor's `ServiceConfiguration.ConfigError`. */
export class ConfigError extends Error {
  override readonly name = 'ServiceConfiguration.ConfigError'

  /** @param service its name, where it is known */
  constructor(service?: string) {
    super(service === undefined || service === '' ? 'Service not configured' : `Service ${service} not configured`)
  }
}
