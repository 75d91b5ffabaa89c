/** `@latchkey/server/ddp`: Meteor's protocol, and Meteor's accounts over it. */
export { DDPServer } from './ddp-server.ts'
export type { DDPServerOptions } from './options.ts'
export type { DdpFacts, DdpReceiver, DdpWire } from '../../wire/ddp-socket.ts'
export type { MethodHandler, MethodInvocation, Publication, PublishedCursor, PublishHandler, RateLimiterPort } from './types.ts'
export type { AccountsDdpFace, AccountsOnDdp, AttachedConnections, ServiceConfigurationPort } from './accounts/ports.ts'
export type { Connection } from '../../wire/connection.ts'
export { MeteorError } from '@latchkey/common/ddp'
