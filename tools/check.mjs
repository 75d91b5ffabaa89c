// `npm run check`: compiles the checks (Node 20 does not run TypeScript) and runs them.
import { spawnSync } from 'node:child_process'
import { root } from './ready.mjs'

const compiled = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'tools/tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (compiled.status !== 0) process.exit(1)
const { main } = await import('../.cache/tools/check.js')
process.exitCode = await main(process.argv.slice(2))
