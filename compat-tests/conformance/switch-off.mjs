// `npm run conformance`: switches each row's thing off, one after another, and sees to it that the row's test fails then, and passes before.
// Works on copies of this tree. `npm run conformance -- ValidateLogin prepareMail` tries the rows whose item or chapter has one of these words.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chapters } from './chapters.mjs'
import { provenChapters } from './meteor-chapters.mjs'

/** @typedef {{ testResults: { name: string, message: string, assertionResults: { status: string, fullName: string, failureMessages: string[] }[] }[] }} Report */

const root = fileURLToPath(new URL('../..', import.meta.url))
const COPIES = 2
const TIMEOUT_MS = 120_000
/** For all files together. */
const LONG_MS = 1_200_000
/** What is off often keeps a test waiting for ever: half the patience of the gate, so that several of them fit into a row's time. */
const IMPATIENT = ['--testTimeout=30000', '--hookTimeout=30000']

const words = process.argv.slice(2).map(word => word.toLowerCase())
const asked = [...chapters, ...provenChapters]
  .flatMap(({ title, rows }) => rows.map(row => ({ ...row, chapter: title })))
  .filter(({ item, chapter }) => words.length === 0 || words.some(word => `${chapter} ${item}`.toLowerCase().includes(word)))
const folder = mkdtempSync(join(tmpdir(), 'latchkey-conformance-'))
const queue = [...asked]
/** @type {string[]} */
const problems = []
let done = 0
try {
  const copies = Array.from({ length: Math.min(COPIES, asked.length) }, (_, number) => copyTree(join(folder, String(number))))
  console.log('Running the tests with everything on')
  const on = await runFiles(copies[0] ?? '', [...new Set(asked.map(({ proof }) => proof.file))])
  await Promise.all(copies.map(copy => work(copy, on)))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
for (const problem of problems) console.log(`\n${problem}`)
console.log(`\n${asked.length - problems.length} of ${asked.length} rows: the test passes, and fails once the thing is switched off`)
process.exitCode = problems.length === 0 && asked.length > 0 ? 0 : 1

/**
 * @param {string} copy
 * @param {Report} on
 */
async function work(copy, on) {
  for (let row = queue.shift(); row; row = queue.shift()) {
    const problem = await tryRow(copy, row, on)
    done += 1
    console.log(`${String(done).padStart(4)}/${asked.length} ${problem ? 'FAIL' : 'ok  '} ${row.chapter}: ${row.item}`)
    if (problem) problems.push(`${row.chapter}: ${row.item}\n${problem}`)
  }
}

/**
 * What is wrong with a row; undefined when it counts.
 * @param {string} copy
 * @param {import('./row.d.ts').Row} row
 * @param {Report} report of a run with everything on
 */
async function tryRow(copy, row, report) {
  const on = verdictOf(
    report.testResults.filter(({ name }) => name.endsWith(`/${row.proof.file}`)),
    row.proof.title,
  )
  if (on.verdict !== 'passed') return `  with it on, the test ${on.verdict} (${row.proof.file}: ${row.proof.title})\n${on.output}`
  const restore = switchOff(copy, [row.off].flat())
  if (typeof restore === 'string') return `  ${restore}`
  const off = await runTest(copy, row)
  restore()
  return off.verdict === 'failed'
    ? undefined
    : `  with it off, the test ${off.verdict} (${row.proof.file}: ${row.proof.title})\n${off.output}`
}

/**
 * @param {string} copy
 * @param {import('./row.d.ts').Change[]} changes
 */
function switchOff(copy, changes) {
  const before = new Map(changes.map(({ file }) => [file, readFileSync(join(copy, file), 'utf8')]))
  const restore = () => before.forEach((text, file) => writeFileSync(join(copy, file), text))
  for (const { file, from, to } of changes) {
    const text = readFileSync(join(copy, file), 'utf8')
    const found = text.split(from).length - 1
    if (found !== 1) {
      restore()
      return `${JSON.stringify(from)} stands ${found} times in ${file}`
    }
    writeFileSync(
      join(copy, file),
      text.replace(from, () => to),
    )
  }
  return restore
}

/** @typedef {{ verdict: 'passed' | 'failed' | 'was not found' | 'could not be run', output: string }} Result */

/**
 * Runs one test.
 * @param {string} copy
 * @param {import('./row.d.ts').Row} row
 */
async function runTest(copy, { proof }) {
  const pattern = proof.title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const { testResults, output } = await runFiles(copy, [proof.file, '-t', pattern, '--retry=0'], TIMEOUT_MS)
  const result = verdictOf(testResults, proof.title)
  return { ...result, output: result.output || output }
}

/**
 * A file that cannot even be loaded proves nothing, so it is neither passed nor failed.
 * @param {Report['testResults']} files
 * @param {string} title
 * @returns {Result}
 */
function verdictOf(files, title) {
  const tests = files
    .flatMap(file => file.assertionResults)
    .filter(({ status, fullName }) => (status === 'passed' || status === 'failed') && fullName.includes(title))
  if (tests.length === 0) {
    const broken = files.length === 0 || files.some(({ message }) => message !== '')
    return { verdict: broken ? 'could not be run' : 'was not found', output: files.map(({ message }) => message).join('\n') }
  }
  const failures = tests.flatMap(({ failureMessages }) => failureMessages)
  return { verdict: tests.some(({ status }) => status === 'failed') ? 'failed' : 'passed', output: failures.join('\n') }
}

/**
 * @param {string} copy
 * @param {string[]} args
 * @param {number} timeout
 * @returns {Promise<Report & { output: string }>}
 */
async function runFiles(copy, args, timeout = LONG_MS) {
  const file = join(copy, 'report.json')
  rmSync(file, { force: true })
  const output = await run(copy, ['run', ...args, ...IMPATIENT, '--reporter=json', `--outputFile.json=${file}`], timeout)
  if (!existsSync(file)) return { testResults: [], output }
  return { .../** @type {Report} */ (JSON.parse(readFileSync(file, 'utf8'))), output }
}

/**
 * @param {string} copy
 * @param {string[]} args
 * @param {number} timeout
 * @returns {Promise<string>}
 */
function run(copy, args, timeout) {
  return new Promise(resolve => {
    const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
      cwd: copy,
      timeout,
      killSignal: 'SIGKILL',
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk))
    child.on('close', () => resolve(output.slice(-4000)))
  })
}

/**
 * The tracked files as they stand, and links to the installed packages; our own packages lead into the copy.
 * @param {string} copy
 */
function copyTree(copy) {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  for (const file of files.split('\0')) {
    if (file === '' || !existsSync(join(root, file))) continue
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    cpSync(join(root, file), join(copy, file))
  }
  linkModules(copy, '.')
  for (const place of ['packages', '.']) {
    for (const name of readdirSync(join(root, place))) {
      const at = join(place, name)
      if (existsSync(join(root, at, 'package.json')) && existsSync(join(root, at, 'node_modules'))) linkModules(copy, at)
    }
  }
  return copy
}

/**
 * @param {string} copy
 * @param {string} at
 */
function linkModules(copy, at) {
  const from = join(root, at, 'node_modules')
  const to = join(copy, at, 'node_modules')
  mkdirSync(join(to, '@latchkey'), { recursive: true })
  for (const name of readdirSync(from)) {
    if (name !== '@latchkey' && name !== 'latchkey' && !name.startsWith('.vite')) symlinkSync(join(from, name), join(to, name))
  }
  if (at !== '.') return
  for (const name of readdirSync(join(root, 'packages'))) {
    symlinkSync(join(copy, 'packages', name), name === 'latchkey' ? join(to, name) : join(to, '@latchkey', name))
  }
}
