/**
 * A real browser for tests: Chromium or Chrome as found on the machine, driven by `playwright-core`.
 *
 * @example
 * describe.skipIf(!hasChromium)('the sign-in page', BROWSERS_TAKE_TIME, () => {
 *   test('signs in', async () => {
 *     const browser = await chromium.launch(chromiumOptions())
 *   })
 * })
 */
import type { LaunchOptions } from 'playwright-core'
import { findChromium } from './find-programs.ts'

const executablePath = findChromium()

/** False on a laptop without Chromium: skip then. On CI a missing browser is an error, thrown here. */
export const hasChromium: boolean = executablePath !== undefined
if (!hasChromium && process.env['CI']) throw new Error('CI needs Chromium: install it, or set CHROMIUM_PATH')

/** Milliseconds: from a slow disk it is long in coming. */
const START_WITHIN = 55_000

/** For suites in a browser: a story of twenty pages is a matter of seconds where there is a processor for it, and of a minute where there is none. */
export const BROWSERS_TAKE_TIME: { timeout: number } = { timeout: 180_000 }

/** Options for `chromium.launch()`: headless, and quiet on the network. */
export function chromiumOptions(): LaunchOptions {
  if (!executablePath) throw new Error('No Chromium here. Use `describe.skipIf(!hasChromium)`')
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic', '--no-first-run']
  // Chromium's sandbox refuses to start as root
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return { executablePath, headless: true, timeout: START_WITHIN, args: ['--disable-gpu', ...quiet, ...asRoot] }
}
