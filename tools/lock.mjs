// package-lock.json must name the native parts of our dependencies for every platform, not only for the machine that wrote it:
// otherwise `npm ci` refuses it, and nobody on another system can install. npm leaves out parts that its registry did not have.
//
//   node tools/lock.mjs            says what is missing, and which hosts do not belong there
//   node tools/lock.mjs --write    adds what is missing
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './ready.mjs'

/**
 * @typedef {{ version?: string, resolved?: string, link?: boolean, dev?: boolean, optional?: boolean, peer?: boolean, devOptional?: boolean,
 *   license?: string, cpu?: string[], os?: string[], libc?: string[], optionalDependencies?: Record<string, string> }} Entry
 * @typedef {{ packages: Record<string, Entry> }} Lock
 */

/**
 * Entries that the lock should have and does not, by path.
 * @param {Lock} lock
 * @returns {Record<string, Entry>}
 */
export function missingParts({ packages }) {
  /** @type {Record<string, Entry>} */
  const missing = {}
  for (const [path, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const present = [`node_modules/${name}`, `${path}/node_modules/${name}`].some(place => packages[place])
      // Only a fixed version says by itself which entry it needs; a range comes from a package that works without
      if (!present && /^\d/.test(version)) missing[`node_modules/${name}`] = part(name, version, entry)
    }
  }
  return missing
}

/**
 * Registries that not everybody can reach.
 * @param {Lock} lock
 */
export function foreignHosts({ packages }) {
  const hosts = Object.values(packages).flatMap(({ resolved = '' }) => /^[a-z+]+:\/\/([^/]+)/.exec(resolved)?.[1] ?? [])
  return [...new Set(hosts)].filter(host => host !== 'registry.npmjs.org')
}

/**
 * The entry npm would write, as far as the name tells. Without a checksum: npm takes the registry's.
 * @param {string} name
 * @param {string} version
 * @param {Entry} owner
 * @returns {Entry}
 */
function part(name, version, { dev, license }) {
  const words = name.split(/[-/]/)
  const os = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'].find(one =>
    words.includes(one),
  )
  const cpu = ['arm64', 'arm', 'x64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32'].find(one => words.includes(one))
  const libc = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' }
  const flavour = os === 'linux' && Object.entries(libc).find(([word]) => words.includes(word))
  return {
    version,
    ...(cpu ? { cpu: [cpu] } : {}),
    ...(dev ? { dev } : {}),
    ...(flavour ? { libc: [flavour[1]] } : {}),
    ...(license ? { license } : {}),
    optional: true,
    ...(os ? { os: [os] } : {}),
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = join(root, 'package-lock.json')
  const lock = /** @type {Lock} */ (JSON.parse(readFileSync(file, 'utf8')))
  const missing = missingParts(lock)
  if (process.argv.includes('--write')) {
    const entries = Object.entries({ ...lock.packages, ...missing })
    // As npm sorts them
    const packages = Object.fromEntries(entries.toSorted(([a], [b]) => a.localeCompare(b, 'en')))
    writeFileSync(file, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`)
    console.log(`package-lock.json: ${Object.keys(missing).length} added`)
  } else {
    for (const path of Object.keys(missing)) console.log(`package-lock.json lacks ${path}: run \`node tools/lock.mjs --write\``)
    for (const host of foreignHosts(lock)) console.log(`package-lock.json names the host ${host}`)
    process.exitCode = Object.keys(missing).length + foreignHosts(lock).length > 0 ? 1 : 0
  }
}
