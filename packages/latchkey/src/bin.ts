#!/usr/bin/env node
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Latchkey needs Node 20.19 or later; this is ${process.versions.node}. Get one at https://nodejs.org\n`)
  process.exit(1)
}

// Whoever reads our output may stop reading (`latchkey user list | head -1`): that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const [{ run }, { processIo }] = await Promise.all([import('./cli/program.ts'), import('./cli/io.ts')])
process.exitCode = await run(process.argv.slice(2), processIo())

// Everything was closed. Should something still hold the process, it has a second to let go.
setTimeout(() => process.exit(), 1000).unref()
