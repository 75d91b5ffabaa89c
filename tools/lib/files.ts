/** Finds and reads the repository's own files. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** Something a check found: where, and a sentence on what is wrong. */
export interface Problem {
  /** Relative to the repository, with `/`. */
  path: string
  /** Starts at 1. */
  line?: number
  message: string
}

const NOT_OURS: ReadonlySet<string> = new Set(['node_modules', 'dist', '.git', '.cache', 'data', 'coverage'])

/** Paths of all files under `folder` (relative to `root`, with `/`) that are kept in the repository, sorted. */
export function filesUnder(root: string, folder: string = '.'): string[] {
  let entries
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
  return entries
    .filter(entry => !NOT_OURS.has(entry.name))
    .flatMap(entry => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? filesUnder(root, path) : [relative('.', path).split(sep).join('/')]
    })
    .toSorted()
}

/** The TypeScript sources of the packages, without their tests. */
export function packageSources(root: string): string[] {
  return filesUnder(root, 'packages').filter(path => /^packages\/[^/]+\/src\/.*\.tsx?$/.test(path) && !isTestCode(path))
}

/** Tests and what serves them alone. The server's `testing` is part of the product. */
export function isTestCode(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || /^packages\/(?!server\/)[^/]+\/src\/testing\//.test(path)
}

/** The text of one file of the repository. */
export function read(root: string, path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** A package of the workspace that is published. */
export interface Package {
  /** `packages/server` */
  folder: string
  manifest: Manifest
}

/** The part of a `package.json` that the checks read. */
export interface Manifest {
  name: string
  private?: boolean
  exports?: Record<string, Record<string, string>>
  bin?: Record<string, string>
}

/** Every published package. */
export function publishedPackages(root: string): Package[] {
  return filesUnder(root, 'packages')
    .filter(path => /^packages\/[^/]+\/package\.json$/.test(path))
    .map(path => ({ folder: path.slice(0, path.lastIndexOf('/')), manifest: JSON.parse(read(root, path)) as Manifest }))
    .filter(({ manifest }) => !manifest.private)
}

/** `path:line message`, as editors and terminals make links of. */
export function show({ path, line, message }: Problem): string {
  return `${path}${line === undefined ? '' : `:${line}`} ${message}`
}
