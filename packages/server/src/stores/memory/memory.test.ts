import { storeContract } from '../contract/index.ts'
import { memoryStore } from './index.ts'

storeContract('the memory store', async () => {
  const store = memoryStore()
  await store.open()
  return { store, close: () => store.close() }
})
