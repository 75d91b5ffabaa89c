/** The secret of a server that was given none: made at its first start and kept in the data folder. */
import { randomBytes } from 'node:crypto'
import { link, open, readFile, unlink } from 'node:fs/promises'
import path from 'node:path'
import { codeOf } from '../config/read.ts'
import { refusal } from '../config/problem.ts'

/** 256 random bits in 43 characters. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** Where the secret is kept. */
export const secretFile = (folder: string): string => path.join(folder, 'secret')

/** The kept secret, or null when there is none yet. */
export async function readKeptSecret(folder: string): Promise<string | null> {
  let content: string
  try {
    content = (await readFile(secretFile(folder), 'utf8')).trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw unusable(folder, codeOf(error))
  }
  if (content === '') throw unusable(folder, 'it is empty')
  return content
}

/**
 * The kept secret; made if there is none. Processes that start at once agree on one.
 * @throws AccountsError `InvalidSettings` when it can be neither read nor made
 */
export async function keepSecret(folder: string): Promise<string> {
  const kept = await readKeptSecret(folder)
  if (kept !== null) return kept
  try {
    await makeSecretFile(folder)
  } catch (error) {
    throw unusable(folder, codeOf(error))
  }
  return (await readKeptSecret(folder)) ?? keepSecret(folder)
}

/**
 * Written in full under another name first, then linked: `link` refuses a name that is taken, so of two processes one wins, and nobody
 * ever reads half a secret.
 */
async function makeSecretFile(folder: string): Promise<void> {
  const draft = path.join(folder, `.secret-${randomBytes(6).toString('hex')}`)
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${newSecret()}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(draft, secretFile(folder))
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  } finally {
    await unlink(draft)
  }
  await syncFolder(folder)
}

/** A file name is durable only once its folder is. Windows has no such call and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const unusable = (folder: string, why: string): Error =>
  refusal('Latchkey cannot start:', [
    {
      what: `the secret in ${secretFile(folder)} cannot be used (${why})`,
      fix: 'correct the file or its permissions, or set LATCHKEY_SECRET to what "latchkey secret" prints',
    },
  ])
