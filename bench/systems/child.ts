/** What every measured server has in common: it says when it is ready, and how much of the machine it has used. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the parent asks and a child answers. */
export interface Usage {
  /** CPU milliseconds of the whole process so far. */
  cpu: number
  /** Resident memory in MiB. */
  memory: number
}

/** Tells the parent the port, and answers its questions until it goes away. */
export function announce(port: number): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpu: (user + system) / 1000, memory: process.memoryUsage.rss() / 2 ** 20 } satisfies Usage)
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.({ port })
}

/** Listens on a free loopback port and announces it. */
export function listen(server: Server): void {
  // A plain TCP listener always has an AddressInfo.
  server.listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port))
}

/** A setting the parent passed. */
export function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is missing`)
  return value
}
