/** Tests wait for what has to happen, not for a time: on a machine that is busy with other things a second is none. Where a test says how long, that holds. */
import { vi } from 'vitest'

const PATIENCE = 20_000

const { waitFor, waitUntil } = vi
vi.waitFor = (callback, options = {}) => waitFor(callback, patient(options))
vi.waitUntil = (callback, options = {}) => waitUntil(callback, patient(options))

function patient<Options extends object>(options: Options | number): Options | number | { timeout: number } {
  return typeof options === 'number' ? options : { timeout: PATIENCE, ...options }
}
