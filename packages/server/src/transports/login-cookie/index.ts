/** Meteor's login cookie over HTTP; apps find it at `@latchkey/server/meteor-http`. */
export { loginCookieTransport } from './login-cookie-transport.ts'
export type { LoginCookieOptions } from './login-cookie-transport.ts'
