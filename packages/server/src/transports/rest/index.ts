/** `@latchkey/server/rest`: accounts-js's REST routes and their successors. */
export { restTransport } from './rest-transport.ts'
export type { RestTransport } from './rest-transport.ts'
export type { RestCall, RestReply } from './call.ts'
export type { Identified } from './answer.ts'
export type { OAuthAnswer, OAuthAnswers, OAuthVisit, RestOptions } from './options.ts'
export { answerFetch, callOfRequest } from './fetch.ts'
export type { Peer } from './fetch.ts'
export type { AccountsLike } from '../../wire/accounts-of.ts'
