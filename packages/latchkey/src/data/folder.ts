import { mkdir, stat } from 'node:fs/promises'
import { codeOf } from '../config/read.ts'
import { refusal } from '../config/problem.ts'

/**
 * Makes the data folder, readable by its owner alone. One that exists is left as it is.
 * @throws AccountsError `InvalidSettings` when it cannot be made
 */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw refusal('Latchkey cannot start:', [
      { what: `the data folder ${folder} cannot be made (${codeOf(error)})`, fix: 'make it, or name another with LATCHKEY_DATA' },
    ])
  }
}

/** The mode bits that let anybody but the owner in; 0 on systems without modes, and when the file is missing. */
export async function openToOthers(file: string): Promise<number> {
  if (process.platform === 'win32') return 0
  const found = await stat(file).catch(() => null)
  return found === null ? 0 : found.mode & 0o077
}
