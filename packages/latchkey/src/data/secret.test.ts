import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isStrongSecret } from '@latchkey/server'
import { makeDataFolder, openToOthers } from './folder.ts'
import { keepSecret, newSecret, readKeptSecret, secretFile } from './secret.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'latchkey-secret-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('a new secret is strong, and never the same', () => {
  const secrets = new Set(Array.from({ length: 100 }, newSecret))
  expect(secrets.size).toBe(100)
  for (const secret of secrets) expect(isStrongSecret(secret)).toBe(true)
})

test('a secret is made once, kept, and readable by its owner alone', async () => {
  expect(await readKeptSecret(folder)).toBeNull()
  const secret = await keepSecret(folder)
  expect(await keepSecret(folder)).toBe(secret)
  expect((await readFile(secretFile(folder), 'utf8')).trim()).toBe(secret)
  expect((await stat(secretFile(folder))).mode & 0o777).toBe(0o600)
  expect(await readdir(folder)).toEqual(['secret'])
})

test('many that start at once in one process agree on one secret', async () => {
  const secrets = await Promise.all(Array.from({ length: 20 }, () => keepSecret(folder)))
  expect(new Set(secrets).size).toBe(1)
  expect(await readdir(folder)).toEqual(['secret'])
})

test('an empty secret file is refused, not used and not replaced', async () => {
  await writeFile(secretFile(folder), '\n')
  await expect(keepSecret(folder)).rejects.toMatchObject({
    code: 'InvalidSettings',
    message: expect.stringContaining('it is empty') as string,
  })
  expect(await readFile(secretFile(folder), 'utf8')).toBe('\n')
})

test('a data folder that cannot be used is refused with the way out', async () => {
  const file = path.join(folder, 'a-file')
  await writeFile(file, '')
  await expect(makeDataFolder(path.join(file, 'data'))).rejects.toMatchObject({
    code: 'InvalidSettings',
    message: expect.stringContaining('LATCHKEY_DATA') as string,
  })
  await expect(keepSecret(path.join(folder, 'missing'))).rejects.toMatchObject({ code: 'InvalidSettings' })
})

test('a data folder is made for its owner alone, and one that exists is left as it is', async () => {
  const made = path.join(folder, 'deep', 'data')
  await makeDataFolder(made)
  expect(await openToOthers(made)).toBe(0)
  await chmod(made, 0o755)
  await makeDataFolder(made)
  expect(await openToOthers(made)).toBe(0o055)
})
