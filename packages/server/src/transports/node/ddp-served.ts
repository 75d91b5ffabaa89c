/** What sockets are opened for: anything that speaks DDP over frames, such as `DDPServer`. */
import type { AccountsLike } from '../../wire/accounts-of.ts'
import type { DdpFacts, DdpReceiver, DdpWire } from '../../wire/ddp-socket.ts'

export type { DdpFacts, DdpReceiver, DdpWire } from '../../wire/ddp-socket.ts'

/** The part of a DDP server that sockets use. */
export interface DdpServed {
  accept(socket: DdpWire, facts: DdpFacts): DdpReceiver
  /** Whose accounts are served, once they are: their cookies and their site's address decide who is signed in from the start. */
  readonly accountsServer?: AccountsLike | undefined
}
