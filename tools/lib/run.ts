/** Runs other programs. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** What a program answered. */
export interface Answer {
  /** Its exit code; null when a signal ended it. */
  code: number | null
  /** Both streams, in the order they came. */
  output: string
}

/** Runs Node with these arguments in `folder` and collects what it prints. A run past `seconds` is ended. */
export function runNode(folder: string, args: string[], seconds: number = 600): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: seconds * 1000 })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', reject).on('close', code => resolve({ code, output: output.trim() }))
  })
}

/** The script behind a package's command, found the same way on every system. */
export function commandOf(root: string, name: string, command: string = name): string {
  const manifest = findManifest(root, name)
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin?: string | Record<string, string> }
  const script = typeof bin === 'string' ? bin : bin?.[command]
  if (!script) throw new Error(`${name} has no command "${command}"`)
  return join(dirname(manifest), script)
}

function findManifest(root: string, name: string): string {
  const folders = createRequire(join(root, 'package.json')).resolve.paths(name) ?? []
  for (const folder of folders) {
    const manifest = join(folder, name, 'package.json')
    try {
      readFileSync(manifest)
      return manifest
    } catch {
      // Not in this folder; the next one up may have it
    }
  }
  throw new Error(`${name} is not installed`)
}
