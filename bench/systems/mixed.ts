/** Latchkey over REST with the real hashes, on a store that mixes every kind of account: what `enumeration.ts` asks. */
import { mixForms } from '../../e2e/support/mixed-forms.ts'
import type { AccountClass } from '../../e2e/support/mixed-forms.ts'
import { startServer } from '../../e2e/support/server.ts'
import { UNLIMITED } from '../../e2e/support/visitor.ts'
import { setting } from './child.ts'

/** What the parent is told once the server is ready. */
export interface MixedServer {
  url: string
  addresses: Record<AccountClass, string[]>
}

const story = await startServer(setting('BENCH_STORE'), UNLIMITED, { password: {} })
const addresses = await mixForms(story.accounts.accounts)
process.on('disconnect', () => void story.close().finally(() => process.exit(0)))
process.send?.({ url: story.url, addresses } satisfies MixedServer)
