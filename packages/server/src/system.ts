/** The ports as the real world provides them. The only place that knows the machine's clock and chance. */
import { randomFillSync } from 'node:crypto'
import { stopOf } from '@latchkey/common'
import type { Log, Ports } from './core/ports.ts'

/** Random bytes are drawn in blocks: one call to the system serves some hundred ids and secrets. */
const BLOCK = 4096

function chance(): Ports['chance'] {
  const block = Buffer.alloc(BLOCK)
  let used = BLOCK
  return {
    bytes(length) {
      if (length > BLOCK) return randomFillSync(Buffer.alloc(length))
      if (used + length > BLOCK) {
        randomFillSync(block)
        used = 0
      }
      const bytes = Buffer.from(block.subarray(used, used + length))
      // Handed out once: nothing of it stays in memory.
      block.fill(0, used, used + length)
      used += length
      return bytes
    },
  }
}

/** Says nothing. For apps that bring no log. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Says warnings and errors as warnings of the process, which Node writes to the console. For apps that bring no log but should hear of trouble. */
export const processLog: Log = {
  ...silentLog,
  warn: (_fields, message) => process.emitWarning(message, 'LatchkeyWarning'),
  error: (fields, message) => process.emitWarning(`${message}${causeIn(fields)}`, 'LatchkeyError'),
}

function causeIn(fields: object): string {
  return 'err' in fields && fields.err instanceof Error ? `: ${fields.err.message}` : ''
}

/** The system's clock, chance and timers, and the given log. */
export function systemPorts(log: Log = silentLog): Ports {
  return {
    clock: { now: () => Date.now() },
    chance: chance(),
    timers: {
      after(milliseconds, work) {
        const timer = setTimeout(work, milliseconds)
        timer.unref()
        return stopOf(() => clearTimeout(timer))
      },
      every(milliseconds, work) {
        const timer = setInterval(work, milliseconds)
        timer.unref()
        return stopOf(() => clearInterval(timer))
      },
    },
    log,
  }
}
