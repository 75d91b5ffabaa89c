/** DDP on the standalone server's port. What speaks it is loaded with the first socket, so that the start stays short. */
import type { Accounts, Log } from '@latchkey/server'
import type { DDPServer } from '@latchkey/server/ddp'
import { attachDdp } from '@latchkey/server/node'
import type { DdpOptions, RunningServer } from '@latchkey/server/node'

/** Sockets that are being answered. */
export interface Sockets {
  /** Closes them, and takes no more. Before the port is closed. */
  stop(): Promise<void>
}

/** Answers sockets on a server that listens. */
export function ddpSockets(server: RunningServer['server'], accounts: Accounts, options: DdpOptions, log: Log): Sockets {
  let made: DDPServer | undefined
  const make = async (): Promise<DDPServer> => {
    const { DDPServer: Server } = await import('@latchkey/server/ddp')
    made = new Server({ log })
    made.attachAccounts({ accounts })
    return made
  }
  const attachment = attachDdp(server, make, options)
  return {
    async stop() {
      await attachment.stop()
      await made?.stop()
    },
  }
}
