/** `@latchkey/client/rest`: what `@accounts/rest-client` exported. */
export { AccountsClientError, AccountsClientError as AccountsJsError } from '../error.ts'
export { authFetch, RestClient } from '../rest-client.ts'
export type { RestClientOptions } from '../rest-client.ts'
export type { Headers, TransportInterface } from '../transport.ts'
