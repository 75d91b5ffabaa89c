/** Whatever goes wrong behind a socket costs that socket, not the process: sockets tell of frames outside of any request that could fail. */
import type { Log } from '../../core/ports.ts'
import type { DdpFacts, DdpReceiver, DdpServed, DdpWire } from './ddp-served.ts'

/** Accepts a socket. What throws is logged, and closes it. */
export function acceptCarefully(
  served: DdpServed,
  socket: DdpWire,
  facts: DdpFacts,
  log: () => Pick<Log, 'error'> | undefined,
): DdpReceiver {
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      log()?.error({ err: error }, 'a socket failed')
      socket.close()
      return undefined
    }
  }
  const receiver = attempt(() => served.accept(socket, facts))
  return {
    receive: frame => attempt(() => receiver?.receive(frame)),
    gone: () => attempt(() => receiver?.gone()),
  }
}
