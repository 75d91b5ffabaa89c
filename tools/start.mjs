// `npm start`: installs and builds when needed, then serves. Arguments after `--` go to `latchkey serve`.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ready, root } from './ready.mjs'

await ready()

const bin = join(root, 'packages', 'latchkey', 'dist', 'bin.js')
if (!existsSync(bin)) {
  process.stderr.write(`${bin} is missing after the build. Remove the folder .cache and try again.\n`)
  process.exit(1)
}

// In this process rather than another one: signals, the terminal and the exit code are the server's own
process.argv = [process.execPath, bin, 'serve', ...process.argv.slice(2)]
await import(pathToFileURL(bin).href)
