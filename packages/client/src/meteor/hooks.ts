import type { Callbacks, ReportedError } from '@latchkey/common/meteor'

/** What `onLogin` is told. */
export interface LoginDetails {
  /** How: `password`, `resume`, the name of a service. */
  type: string
  id?: string
  token?: string
  tokenExpires?: Date
}

/** What `onLoginFailure` is told. */
export interface LoginFailure {
  error: ReportedError
}

/** Tells all callbacks. */
export function tellAll<Payload>(callbacks: Callbacks<Payload>, payload: Payload): void {
  for (const callback of callbacks.all()) tellOne(callback, payload)
}

/** Tells one: that it throws, or that its promise is rejected, is complained of and changes nothing. */
export function tellOne<Payload>(callback: (payload: Payload) => unknown, payload: Payload): void {
  try {
    Promise.resolve(callback(payload)).catch(complain)
  } catch (error) {
    complain(error)
  }
}

const complain = (error: unknown): void => console.error('A callback of Accounts threw; what it was told about stands', error)
