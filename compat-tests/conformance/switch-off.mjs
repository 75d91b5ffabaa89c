// `npm run conformance`: switches each row's thing off, one after another, and sees to it that the row's test fails then, and passes before.
// Works on copies of this tree. `npm run conformance -- ValidateLogin prepareMail` tries the rows whose item or chapter has one of these words.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chapters } from './chapters.mjs'

/** @typedef {{ testResults: { message: string, assertionResults: { status: string, failureMessages: string[] }[] }[] }} Report */

const root = fileURLToPath(new URL('../..', import.meta.url))
const COPIES = 2
const TIMEOUT_MS = 120_000

const words = process.argv.slice(2).map(word => word.toLowerCase())
const asked = chapters
  .flatMap(({ title, rows }) => rows.map(row => ({ ...row, chapter: title })))
  .filter(({ item, chapter }) => words.length === 0 || words.some(word => `${chapter} ${item}`.toLowerCase().includes(word)))
const folder = mkdtempSync(join(tmpdir(), 'latchkey-conformance-'))
const queue = [...asked]
/** @type {Map<string, ReturnType<typeof runTest>>} */
const proven = new Map()
/** @type {string[]} */
const problems = []
let done = 0
try {
  await Promise.all(Array.from({ length: Math.min(COPIES, asked.length) }, (_, number) => work(copyTree(join(folder, String(number))))))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
for (const problem of problems) console.log(`\n${problem}`)
console.log(`\n${asked.length - problems.length} of ${asked.length} rows: the test passes, and fails once the thing is switched off`)
process.exitCode = problems.length === 0 && asked.length > 0 ? 0 : 1

/** @param {string} copy */
async function work(copy) {
  for (let row = queue.shift(); row; row = queue.shift()) {
    const problem = await tryRow(copy, row)
    done += 1
    console.log(`${String(done).padStart(4)}/${asked.length} ${problem ? 'FAIL' : 'ok  '} ${row.chapter}: ${row.item}`)
    if (problem) problems.push(`${row.chapter}: ${row.item}\n${problem}`)
  }
}

/** @param {import('./row.d.ts').Row} row */
function proofOf({ proof }) {
  return `${proof.file}\0${proof.title}`
}

/**
 * Several rows may have one test: that it passes is asked once.
 * @param {string} key
 * @param {ReturnType<typeof runTest>} result
 */
function remember(key, result) {
  proven.set(key, result)
  return result
}

/**
 * What is wrong with a row; undefined when it counts.
 * @param {string} copy
 * @param {import('./row.d.ts').Row} row
 */
async function tryRow(copy, row) {
  const on = await (proven.get(proofOf(row)) ?? remember(proofOf(row), runTest(copy, row)))
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

/**
 * Runs one test. A file that cannot even be loaded proves nothing, so it is neither passed nor failed.
 * @param {string} copy
 * @param {import('./row.d.ts').Row} row
 * @returns {Promise<{ verdict: 'passed' | 'failed' | 'was not found' | 'could not be run', output: string }>}
 */
async function runTest(copy, { proof }) {
  const report = join(copy, 'report.json')
  rmSync(report, { force: true })
  const pattern = proof.title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const output = await run(copy, ['run', proof.file, '-t', pattern, '--reporter=json', `--outputFile.json=${report}`, '--retry=0'])
  if (!existsSync(report)) return { verdict: 'could not be run', output }
  const { testResults } = /** @type {Report} */ (JSON.parse(readFileSync(report, 'utf8')))
  const tests = testResults.flatMap(file => file.assertionResults).filter(({ status }) => status === 'passed' || status === 'failed')
  if (tests.length === 0) {
    const broken = testResults.some(({ message }) => message !== '')
    return { verdict: broken ? 'could not be run' : 'was not found', output }
  }
  const failures = tests.flatMap(({ failureMessages }) => failureMessages)
  return { verdict: tests.some(({ status }) => status === 'failed') ? 'failed' : 'passed', output: failures.join('\n') }
}

/**
 * @param {string} copy
 * @param {string[]} args
 * @returns {Promise<string>}
 */
function run(copy, args) {
  return new Promise(resolve => {
    const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
      cwd: copy,
      timeout: TIMEOUT_MS,
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
