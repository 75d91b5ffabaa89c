/** Tests wait for what has to happen, not for a time: on a machine that is busy with other things a second is none. Where a test says how long, that holds. */
import { vi } from 'vitest'

const waitFor = vi.waitFor.bind(vi)
vi.waitFor = (callback, options = {}) => waitFor(callback, typeof options === 'number' ? options : { timeout: 10_000, ...options })
