/** The servers that the libraries are tried against: the library on each store, with an app of its own, and the standalone server as it comes. */
import { startMeteor } from '../../../e2e/support/meteor.ts'
import { STORES } from '../../../e2e/support/stores.ts'
import { newWorld } from '../../../packages/latchkey/testing/world.ts'
import { MeteorError } from '@latchkey/server/ddp'

/** A server, and what has to be known about it from the outside. */
export interface Server {
  url: string
  close: () => Promise<void>
}

/** How one is made. */
export interface ServerKind {
  name: string
  here: boolean
  /** It has the methods `whoAmI` and `notes.add`, and the publication `notes`. */
  hasNotes: boolean
  start: () => Promise<Server>
}

const OWN: ReadonlySet<string> = new Set(['memory', 'sqlite', 'postgresql'])

export const SERVERS: readonly ServerKind[] = [
  ...STORES.filter(({ name }) => OWN.has(name)).map(kind => ({
    name: `an app on ${kind.name}`,
    here: kind.here,
    hasNotes: true,
    async start() {
      const opened = await kind.open()
      const server = await startNotes(opened.store)
      return {
        url: server.url,
        async close() {
          await server[Symbol.asyncDispose]()
          await opened.close()
        },
      }
    },
  })),
  { name: 'the standalone server', here: true, hasNotes: false, start: standalone },
]

type Options = NonNullable<Parameters<typeof startMeteor>[0]>

/** An app that keeps notes of people, and shows everybody their own. */
async function startNotes(db: NonNullable<Options['db']>) {
  const server = await startMeteor({ db, ambiguousErrorMessages: true })
  const { accounts, ddp } = server
  const notes: { id: string; by: string; text: string; at: Date }[] = []
  const watchers = new Set<() => void>()
  ddp.methods({
    whoAmI: () => accounts.userId(),
    'notes.add'(text: unknown) {
      // Asked of accounts, as apps do far from their methods.
      const by = accounts.userId()
      if (by === null || typeof text !== 'string') throw new MeteorError('not-signed-in', 'Sign in to write notes')
      notes.push({ id: `note${notes.length + 1}`, by, text, at: new Date(0) })
      for (const tell of watchers) tell()
      return notes.filter(note => note.by === by).length
    },
  })
  ddp.publish('notes', function () {
    const told = new Set<string>()
    const tell = () => {
      for (const { id, by, ...fields } of notes) {
        if (by !== this.userId || told.has(id)) continue
        told.add(id)
        this.added('notes', id, fields)
      }
    }
    tell()
    watchers.add(tell)
    this.onStop(() => watchers.delete(tell))
    this.ready()
  })
  return server
}

async function standalone(): Promise<Server> {
  const world = await newWorld({ rateLimits: false })
  return { url: world.base, close: world.close }
}
