/** Finds and loads the config file. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Problem } from './problem.ts'

/** File names that are looked for in the working folder. */
export const CONFIG_FILES = ['latchkey.config.json', 'latchkey.config.js', 'latchkey.config.mjs', 'latchkey.config.ts'] as const

/** A config file that was read. */
export interface LoadedFile {
  path: string
  settings: Record<string, unknown>
}

/** The named config file, or the one in the folder; null when there is none. What is wrong with it is added to `problems`. */
export async function loadConfigFile(folder: string | null, named: string | undefined, problems: Problem[]): Promise<LoadedFile | null> {
  const file = named === undefined ? find(folder, problems) : path.resolve(folder ?? '.', named)
  if (file === null) return null
  try {
    const settings = path.extname(file) === '.json' ? parseJson(await readFile(file, 'utf8')) : await importDefault(file)
    if (typeof settings === 'object' && settings !== null && !Array.isArray(settings)) return { path: file, settings: { ...settings } }
    problems.push({ what: `${file} does not hold an object of settings`, fix: 'export default { port: 3000 }, or the same as JSON' })
  } catch (error) {
    problems.push({ what: `${file} cannot be read: ${explain(error)}`, fix: fixFor(file, error) })
  }
  return null
}

function find(folder: string | null, problems: Problem[]): string | null {
  if (folder === null) return null
  const found = CONFIG_FILES.map(name => path.join(folder, name)).filter(file => existsSync(file))
  if (found.length > 1) {
    const names = found.map(file => path.basename(file)).join(' and ')
    problems.push({ what: `There are several config files: ${names}`, fix: 'keep one of them, or name it with --config' })
  }
  return found[0] ?? null
}

const parseJson = (content: string): unknown => JSON.parse(content)

async function importDefault(file: string): Promise<unknown> {
  const module: unknown = await import(pathToFileURL(file).href)
  return typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
}

const explain = (error: unknown): string => (error instanceof Error ? error.message.split('\n')[0] || error.name : String(error))

function fixFor(file: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `Node ${process.versions.node} does not read TypeScript: rename the file to ${path.basename(file, '.ts')}.mjs, or use Node 22.18 or later`
  }
  return code === 'ENOENT' ? 'correct the path' : 'correct the file'
}
