import { memoryStore } from '../stores/memory/index.ts'
import { storeContract } from '../stores/contract/index.ts'
import { AdapterInMemory } from '../testing/accounts-js-adapter.ts'
import type { Habits } from '../testing/accounts-js-adapter.ts'
import { accountsJsDatabase } from './accounts-js-database.ts'

/** The guide lists them too, in other words. A real user's keys are made of the user's names; these cases claim keys that are not. */
const EXCEPT = {
  'a user is found by id and by every identifier they claimed':
    'claims a subject of a provider without an account that the adapter could keep',
  'one key may be claimed once for each kind': 'claims keys that are no names of the users',
  'keys are compared letter by letter: the core has folded them already': 'claims a key that is no name of the user',
  'lists that meet in their keys each insert somebody, and nobody twice': 'claims keys that are no names of the users',
}

for (const [habits, idField] of [
  ['mongo', '_id'],
  ['typeorm', 'id'],
] as const satisfies [Habits, string][]) {
  storeContract(
    `an accounts-js database with the habits of ${habits}`,
    async () => {
      const adapter = new AdapterInMemory(habits)
      const beside = memoryStore()
      const options = { idField, upgradePasswords: true, removeUser: adapter.remove, now: () => Date.UTC(2026, 0, 1) }
      const store = accountsJsDatabase(adapter, beside, options)
      await store.open()
      return { store, second: accountsJsDatabase(adapter, beside, options), close: () => store.close() }
    },
    { except: EXCEPT },
  )
}
