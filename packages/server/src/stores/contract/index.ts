/** The suite that defines a store: one contract, every store, with the races in it. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { RunnerTestSuite } from 'vitest'
import { attemptsContract } from './attempts.ts'
import { auditContract } from './audit.ts'
import { busContract } from './bus.ts'
import { collectionsContract } from './collections.ts'
import { credentialsContract } from './credentials.ts'
import { emailsContract } from './emails.ts'
import { lifecycleContract } from './lifecycle.ts'
import { linksContract } from './links.ts'
import { loginContract } from './login.ts'
import { useStore } from './make.ts'
import type { OpenStore, Setup } from './make.ts'
import { outboxContract } from './outbox.ts'
import { passwordContract } from './password.ts'
import { racesContract } from './races.ts'
import { refreshContract } from './refresh.ts'
import { revocationRaces } from './revocation-races.ts'
import { servicesContract } from './services.ts'
import { sessionsContract } from './sessions.ts'
import { tokensContract } from './tokens.ts'
import { usersContract } from './users.ts'
import { manyUsersContract } from './users-many.ts'

export type { OpenStore } from './make.ts'

/** How the contract is run. */
export interface ContractOptions {
  /** How often the races between a revocation and a refresh or a login are run. @default 100 */
  rounds?: number
  /** Cases that this store cannot keep, by their title, and why. They are shown as skipped; a title that no case has is an error. */
  except?: Readonly<Record<string, string>>
}

/**
 * Registers the contract's tests with vitest. A store is finished when they are green, and not before.
 *
 * `open` hands back an empty store that is open, and is called about twenty times. With `second`, another instance on the same data, the races
 * run between the two as between processes.
 * @example
 * import { memoryStore } from '@latchkey/server/stores/memory'
 * import { storeContract } from '@latchkey/server/stores/contract'
 * storeContract('memory', async () => {
 *   const store = memoryStore()
 *   await store.open()
 *   return { store, close: () => store.close() }
 * })
 */
export function storeContract(name: string, open: () => Promise<OpenStore>, { rounds = 100, except = {} }: ContractOptions = {}): void {
  describe(`${name} keeps the contract of a store`, () => {
    const setup: Setup = { open, the: useStore(open), rounds }
    skipExceptions(except)
    for (const [part, contract] of Object.entries(PARTS)) describe(part, () => contract(setup))
  })
}

function skipExceptions(except: Readonly<Record<string, string>>): void {
  if (Object.keys(except).length === 0) return
  beforeEach(({ task, skip }) => {
    const why = except[task.name]
    if (why !== undefined) skip(why)
  })
  test('every exception is a case of the contract', ({ task }) => {
    const titles = new Set(titlesIn(task.suite))
    expect(Object.keys(except).filter(title => !titles.has(title))).toEqual([])
  })
}

function titlesIn(suite: RunnerTestSuite | undefined): string[] {
  return (suite?.tasks ?? []).flatMap(task => (task.type === 'suite' ? titlesIn(task) : [task.name]))
}

const PARTS: Record<string, (setup: Setup) => void> = {
  users: usersContract,
  'many users': manyUsersContract,
  emails: emailsContract,
  credentials: credentialsContract,
  links: linksContract,
  password: passwordContract,
  lifecycle: lifecycleContract,
  login: loginContract,
  sessions: sessionsContract,
  refresh: refreshContract,
  tokens: tokensContract,
  attempts: attemptsContract,
  outbox: outboxContract,
  audit: auditContract,
  services: servicesContract,
  collections: collectionsContract,
  races: racesContract,
  'revocation races': revocationRaces,
  bus: busContract,
}
