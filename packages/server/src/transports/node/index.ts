/** `@latchkey/server/node`: serves a transport from `node:http`, alone or inside Express. */
export { headOf, nodeHandler } from './node-handler.ts'
export type { NodeHandler, NodeHandlerOptions } from './node-handler.ts'
export { readBody } from './read-body.ts'
export { serve } from './serve.ts'
export type { RunningServer, ServeOptions } from './serve.ts'
export type { Call, Reply, Served } from './served.ts'
