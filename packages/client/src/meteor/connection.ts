import type { DdpConnection } from '../ddp/index.ts'

/** What an accounts client uses of a DDP connection. `DDP.connect` of `@latchkey/client/ddp` makes one. */
export type AccountsConnection = Pick<
  DdpConnection,
  | 'userId'
  | 'setUserId'
  | 'leaveTo'
  | 'status'
  | 'call'
  | 'callAsync'
  | 'apply'
  | 'applyAsync'
  | 'subscribe'
  | 'collection'
  | 'addReconnectStep'
  | 'reconnect'
  | 'disconnect'
  | 'close'
  | '_stream'
>
