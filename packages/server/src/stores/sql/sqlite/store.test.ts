import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from '../../contract/index.ts'
import { sqliteStore } from './store.ts'

storeContract('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'))
  const path = join(folder, 'accounts.db')
  const [store, second] = [sqliteStore({ path }), sqliteStore({ path })]
  await Promise.all([store.open(), second.open()])
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), second.close()])
    rmSync(folder, { recursive: true })
  }
  return { store, second, close }
})
