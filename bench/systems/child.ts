/** What every measured server has in common: it says when it is ready, and how much of the machine it has used. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** What the parent asks and a child answers. */
export interface Usage {
  /** CPU milliseconds of the whole process so far. */
  cpu: number
  /** Resident memory in MiB. */
  memory: number
  /** Memory that objects and buffers take, in MiB; to be believed after `settle` alone. */
  heap: number
}

/**
 * Tells the parent the port, and answers its questions until it goes away: `usage`; `settle`, the same once everything that can be collected was, for processes
 * started with `--expose-gc`; and `heard`, what this server has to tell of itself.
 */
export function announce(port: number, heard: () => object = () => ({})): void {
  process.on('message', question => {
    if (question === 'heard') process.send?.(heard())
    else if (question === 'settle') void settle().then(() => process.send?.(usage()))
    else process.send?.(usage())
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.({ port })
}

function usage(): Usage {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { cpu: (user + system) / 1000, memory: rss / 2 ** 20, heap: (heapUsed + external) / 2 ** 20 }
}

/** Some of what is collected is only given back to the system by the next collection. */
async function settle(): Promise<void> {
  for (let time = 0; time < 4; time += 1) {
    globalThis.gc?.()
    await pause(100)
  }
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
