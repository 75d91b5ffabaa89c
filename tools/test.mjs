// `npm test`: installs and builds when needed, runs every check and every test, and ends with one line of totals.
// With arguments (`npm test -- packages/client`) it runs the tests they name, without the checks; `--no-checks` runs all tests.
// With `CI` set a few failed tests get a second try by themselves, and those that pass then are named: docs/decisions/0015-unsteady-tests.md.
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
/** More than these are no chance. */
const MAY_BE_UNSTEADY = 3
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
  const first = await runVitest(only)
  const failed = first.failed.map(({ name }) => name)
  const mayBeChance = Boolean(process.env['CI']) && failed.length > 0 && failed.length <= MAY_BE_UNSTEADY
  const left = mayBeChance ? await tryAgain(first.failed) : failed
  const passed = first.passed + failed.length - left.length
  // What fails outside of tests has no second try
  left.push(...first.unhandled)
  failures.push(...left)
  const code = mayBeChance && left.length === 0 ? 0 : first.code
  return countable(code, { passed, failed: left.length })
}

/**
 * The names of those that fail a second time, alone.
 * @param {Failed[]} failed
 */
async function tryAgain(failed) {
  console.log(`Once more, by themselves: ${failed.map(({ name }) => name).join(', ')}`)
  const second = await runVitest([...new Set(failed.map(({ file }) => file))])
  // Without a report, or with a failure that is none of theirs, nothing is known
  if (second.unhandled.length > 0 || (second.code !== 0 && second.failed.length === 0)) return failed.map(({ name }) => name)
  const left = second.failed.map(({ name }) => name)
  for (const { name } of failed) if (!left.includes(name)) console.log(`Unsteady: ${name} (failed beside the others, passed alone)`)
  return left
}

/** @typedef {{ file: string, name: string }} Failed a test, or a file that could not be loaded */

/** @param {string[]} files */
async function runVitest(files) {
  const folder = mkdtempSync(join(reports, 'run-'))
  const [report, outside] = [join(folder, 'tests.json'), join(folder, 'unhandled.json')]
  const reporters = [
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    '--reporter=./tools/test/unhandled-reporter.mjs',
  ]
  const code = await run(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...files], { LATCHKEY_TEST_UNHANDLED: outside })

  /** @type {{ numPassedTests: number, testResults: { name: string, status: string, assertionResults: { status: string, fullName: string }[] }[] }} */
  const none = { numPassedTests: 0, testResults: [] }
  const { numPassedTests, testResults } = readReport(report, none)
  /** @type {Failed[]} */
  const failed = testResults.flatMap(({ name: file, status, assertionResults }) => {
    const tests = assertionResults.filter(test => test.status === 'failed').map(({ fullName }) => ({ file, name: fullName }))
    // A file that could not be loaded, or whose hooks failed, has no failed test to show for it
    return status === 'failed' && tests.length === 0 ? [{ file, name: file }] : tests
  })
  /** @type {string[]} */
  const unhandled = readReport(outside, [])
  return { code, passed: numPassedTests, failed, unhandled: unhandled.map(message => `outside of tests: ${message}`) }
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
 * @param {NodeJS.ProcessEnv} more
 * @returns {Promise<number | null>}
 */
function run(command, more = {}) {
  const env = { ...process.env, ...more }
  return new Promise(resolve => spawn(process.execPath, command, { cwd: root, stdio: 'inherit', env }).on('close', resolve))
}
