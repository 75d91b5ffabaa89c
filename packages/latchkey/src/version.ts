import { readFileSync } from 'node:fs'

/** The version of this package. */
export const VERSION: string = readVersion()

function readVersion(): string {
  // Our own manifest, beside `src` and `dist` alike.
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return manifest.version
}
