// `npm test`: installs and builds when needed, runs every check and every test, and ends with one line of totals.
// With arguments (`npm test -- packages/client`) it runs the tests they name, without the checks; `--no-checks` runs all tests.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { built, installed, root } from './ready.mjs'

await installed()

const args = process.argv.slice(2)
const reports = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
const nothing = { passed: 0, failed: 0 }
const totals = { ...nothing }
/** @type {string[]} */
const failures = []
try {
  // Most tests run from source, so a build that fails is one failure among others
  if (!(await built())) {
    failures.push('the build')
    add({ passed: 0, failed: 1 })
  }
  if (args.length === 0) add(await runChecks())
  add(await runTests(args.filter(argument => argument !== '--no-checks')))
} finally {
  rmSync(reports, { recursive: true, force: true })
}
// Again at the end: in a long log they are far up
for (const failure of failures) console.log(`Failed: ${failure}`)
console.log(`${totals.passed} passed, ${totals.failed} failed`)
process.exitCode = totals.failed === 0 ? 0 : 1

/** @param {typeof nothing} part */
function add(part) {
  totals.passed += part.passed
  totals.failed += part.failed
}

/** Each check counts as one test. */
async function runChecks() {
  const report = join(reports, 'checks.json')
  const code = await run(['tools/check.mjs', '--report', report])
  return countable(code, readReport(report, nothing))
}

/** @param {string[]} only */
async function runTests(only) {
  const report = join(reports, 'tests.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await run(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...only])

  /** @type {{ numPassedTests: number, numFailedTests: number, testResults: { name: string, status: string, assertionResults: { status: string, fullName: string }[] }[] }} */
  const none = { numPassedTests: 0, numFailedTests: 0, testResults: [] }
  const { numPassedTests, numFailedTests, testResults } = readReport(report, none)
  // A file that could not be loaded, or whose hooks failed, has no failed test to show for it
  const broken = testResults.filter(file => file.status === 'failed' && !file.assertionResults.some(test => test.status === 'failed'))
  failures.push(...broken.map(file => file.name))
  for (const { assertionResults } of testResults)
    failures.push(...assertionResults.filter(test => test.status === 'failed').map(test => test.fullName))
  return countable(code, { passed: numPassedTests, failed: numFailedTests + broken.length })
}

/**
 * What a run reported, or else (it crashed before) `otherwise`.
 * @template T
 * @param {string} file
 * @param {T} otherwise
 */
function readReport(file, otherwise) {
  return existsSync(file) ? /** @type {T} */ (JSON.parse(readFileSync(file, 'utf8'))) : otherwise
}

/**
 * A run that failed without a failed test (an unhandled rejection, a crash) still counts as a failure.
 * @param {number | null} code
 * @param {typeof nothing} counted
 */
function countable(code, counted) {
  return code !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted
}

/**
 * @param {string[]} command
 * @returns {Promise<number | null>}
 */
function run(command) {
  return new Promise(resolve => spawn(process.execPath, command, { cwd: root, stdio: 'inherit' }).on('close', resolve))
}
