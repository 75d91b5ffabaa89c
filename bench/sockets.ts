/**
 * Measures what sockets cost: DDP as an app would serve it, beside `ws` alone, in one run. Compare figures within one run only.
 *
 *     npm run bench:sockets -w latchkey-bench                          everything, some ten minutes
 *     npm run bench:sockets -w latchkey-bench -- --only memory --connections 1000
 *     npm run bench:sockets -w latchkey-bench -- --only fuzz --frames 100000 --seed 1
 */
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import setup from '../tools/test/global-setup.ts'
import { freshDatabase } from '../tools/test/postgres.ts'
import { measureCalls } from './sockets/calls.ts'
import { fuzz } from './sockets/fuzz.ts'
import { measureLogins } from './sockets/logins.ts'
import { measureMemory } from './sockets/memory.ts'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: 'memory,logins,calls,fuzz' },
    connections: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '30' },
    rate: { type: 'string', default: '200' },
    frames: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
  },
})
const [connections, seconds, rate] = [Number(options.connections), Number(options.seconds), Number(options.rate)]
const openFiles = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }))
if (openFiles < connections + 500)
  throw new Error(`${connections} connections need more open files than the ${openFiles} that are allowed: raise them with \`ulimit -n\``)

const tearDown = setup()
try {
  console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}\n`)
  const wanted = options.only.split(',')
  if (wanted.includes('memory')) await onPostgres(url => measureMemory(url, connections))
  if (wanted.includes('logins')) await onPostgres(url => measureLogins(url, rate, seconds))
  if (wanted.includes('calls')) await onPostgres(url => measureCalls(url))
  if (wanted.includes('fuzz')) await onPostgres(url => fuzz(url, Number(options.frames), Number(options.seed)))
} finally {
  await tearDown?.()
}

async function onPostgres(measure: (url: string) => Promise<void>): Promise<void> {
  await using database = await freshDatabase()
  await measure(database.url)
}
