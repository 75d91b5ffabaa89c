/** `npm run check`: everything that can be judged without running a test. Runs all checks, even after one fails. */
import { writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkExports } from './exports.ts'
import { checkFiles } from './files.ts'
import { checkFloors } from './floors.ts'
import { publishedPackages, show, type Problem } from './lib/files.ts'
import { commandOf, runNode } from './lib/run.ts'
import { checkSamples } from './samples.ts'

/** Lines shown of one failed check; the rest is counted. */
const SHOWN = 60

/** What each check finds wrong; nothing when all is well. */
const CHECKS: Record<string, (root: string) => Promise<string[]>> = {
  build: root => tool(root, 'typescript', ['-b', 'tsconfig.build.json', '--pretty', 'false'], 'tsc'),
  types: root => tool(root, 'typescript', ['-p', 'tsconfig.json', '--pretty', 'false'], 'tsc'),
  lint: root => tool(root, 'oxlint', ['--type-aware', '--deny-warnings', '--report-unused-disable-directives', '--format=unix']),
  format: root => tool(root, 'oxfmt', ['--check']),
  floors: async root => checkFloors(root).map(show),
  exports: async root => checkExports(root).map(show),
  samples: async root => listed(await checkSamples(root)),
  files: async root => listed(await checkFiles(root)),
  lock: root => script(root, 'tools/lock.mjs'),
  knip: root => tool(root, 'knip', ['--no-progress']),
  publint: async root => {
    const reports = await Promise.all(publishedPackages(root).map(({ folder }) => tool(root, 'publint', [folder, '--strict'])))
    return reports.flat()
  },
}

/** Runs the checks and prints one line each; arguments name the ones to run. Returns the exit code. */
export async function main(args: string[]): Promise<number> {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
  const report = args.includes('--report') ? args[args.indexOf('--report') + 1] : undefined
  const only = args.filter(argument => argument in CHECKS)

  const totals = { passed: 0, failed: 0 }
  for (const [name, check] of Object.entries(CHECKS)) {
    if (only.length > 0 && !only.includes(name)) continue
    const start = performance.now()
    const problems = await check(root).catch((error: unknown) => [String(error)])
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'}  ${name.padEnd(8)} ${seconds.padStart(5)} s`)
    for (const problem of problems.slice(0, SHOWN)) console.log(`      ${problem}`)
    if (problems.length > SHOWN) console.log(`      and ${problems.length - SHOWN} more`)
    totals[problems.length === 0 ? 'passed' : 'failed']++
  }
  if (report) writeFileSync(report, JSON.stringify(totals))
  return totals.failed === 0 ? 0 : 1
}

/** Runs a command of an installed package; its output is the list of problems when it fails. */
async function tool(root: string, name: string, args: string[], command: string = name): Promise<string[]> {
  return script(root, commandOf(root, name, command), args)
}

async function script(root: string, path: string, args: string[] = []): Promise<string[]> {
  const { code, output } = await runNode(root, [path, ...args])
  if (code === 0) return []
  return output === '' ? [`${path} ended with ${code}`] : output.split('\n')
}

function listed(problems: Problem[]): string[] {
  return problems.map(show)
}
