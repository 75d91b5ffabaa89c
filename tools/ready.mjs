// What `npm start` and `npm test` do first: check Node, install and build, each only when needed. Plain JavaScript without
// dependencies, because it runs before anything is installed. When nothing has to be done it costs a few milliseconds.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const LOCK = join(root, 'package-lock.json')
const INSTALLED = join(root, 'node_modules', '.latchkey-installed')
const INSTALLED_BY_NPM = join(root, 'node_modules', '.package-lock.json')
const BUILT = join(root, '.cache', 'built')

/** Checks the Node version, then installs and builds what is missing or out of date. Ends the process with a message when it cannot. */
export async function ready() {
  await installed()
  if (!(await built())) process.exit(1)
}

/** Checks the Node version and installs the packages if needed. Ends the process with a message when it cannot. */
export async function installed() {
  requireNode()
  if (!isInstalled() && !(await install())) process.exit(1)
}

/** Builds if needed. False, after a message, when it cannot. */
export async function built() {
  return isBuilt() || build()
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  const message = `Latchkey needs Node 20.19 or newer; this is ${process.versions.node}. Install a newer one from https://nodejs.org and try again.`
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

function isInstalled() {
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === lockHash()) return true
  // `npm install` or `npm ci` by hand is as good: npm writes its own copy of the lock file last
  if (!existsSync(INSTALLED_BY_NPM) || statSync(INSTALLED_BY_NPM).mtimeMs + 5_000 < statSync(LOCK).mtimeMs) return false
  writeFileSync(INSTALLED, lockHash())
  return true
}

async function install() {
  // No dependency of ours needs its install script
  const done = await step('Installing packages', npm(), ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
  if (done) writeFileSync(INSTALLED, lockHash())
  return done
}

function lockHash() {
  return createHash('sha256').update(readFileSync(LOCK)).digest('hex')
}

/** True when no source is newer than the last build. A removed file makes its folder newer. */
function isBuilt() {
  if (!existsSync(BUILT)) return false
  const built = statSync(BUILT).mtimeMs
  return packageFolders().every(
    folder =>
      existsSync(join(folder, 'dist')) &&
      newest(join(folder, 'src')) <= built &&
      ['package.json', 'tsconfig.build.json'].every(file => statSync(join(folder, file)).mtimeMs <= built),
  )
}

async function build() {
  const start = new Date()
  if (!(await step('Building', npm(), ['run', 'build', '--silent']))) return false
  mkdirSync(dirname(BUILT), { recursive: true })
  writeFileSync(BUILT, '')
  // A file saved while the build ran counts as newer
  utimesSync(BUILT, start, start)
  return true
}

function packageFolders() {
  const packages = join(root, 'packages')
  return readdirSync(packages).map(name => join(packages, name))
}

/**
 * When anything in this folder, tests excepted, last changed.
 * @param {string} folder
 */
function newest(folder) {
  let latest = statSync(folder).mtimeMs
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) latest = Math.max(latest, newest(path))
    else if (!entry.name.endsWith('.test.ts')) latest = Math.max(latest, statSync(path).mtimeMs)
  }
  return latest
}

/** The npm that runs us, or else the one on the path. */
function npm() {
  const running = process.env['npm_execpath']
  return running?.endsWith('.js') ? [process.execPath, running] : [process.platform === 'win32' ? 'npm.cmd' : 'npm']
}

/**
 * Runs a command, saying what it does and for how long; its output is shown only when it fails.
 * @param {string} title
 * @param {string[]} program
 * @param {string[]} args
 */
async function step(title, [command = '', ...first], args) {
  const start = Date.now()
  const elapsed = () => `${Math.round((Date.now() - start) / 1000)} s`
  const live = process.stderr.isTTY
  if (!live) process.stderr.write(`${title} ...\n`)
  const ticker = live && setInterval(() => process.stderr.write(`\r${title} ... ${elapsed()} `), 200)

  const child = spawn(command, [...first, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], shell: command.endsWith('.cmd') })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk))
  /** @type {number | string | null} */
  const code = await new Promise(resolve => child.on('error', error => resolve(String(error))).on('close', resolve))

  if (ticker) clearInterval(ticker)
  process.stderr.write(`${live ? '\r' : ''}${title}: ${code === 0 ? 'done' : 'failed'} in ${elapsed()}\n`)
  if (code !== 0) process.stderr.write(`${output.trim()}\n\n${title} failed (${code}).\n`)
  return code === 0
}
