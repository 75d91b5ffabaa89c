/** For the tests of the checks: a small repository of its own. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A repository that lives until the end of the block that made it. */
export interface Fixture {
  readonly root: string
  [Symbol.dispose](): void
}

/** Writes the files (path → text) into a new folder that sees our installed packages. */
export function repositoryOf(files: Record<string, string>): Fixture {
  const root = mkdtempSync(join(tmpdir(), 'latchkey-tools-'))
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(root, 'node_modules'))
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) }
}
