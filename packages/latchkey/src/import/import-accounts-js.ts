/** Moves the users of an accounts-js database over. Ends the same however often it is run, and goes on where it was cut off. */
import type { NewUser, Store, User } from '@latchkey/server'
import { Claims } from './claims.ts'
import { differences } from './differences.ts'
import { ADVICE } from './notes.ts'
import type { Note, NoteKind } from './notes.ts'
import { openSource } from './source.ts'
import type { Source, SourceOptions, SourceUser } from './source.ts'
import { keysOf, toUser } from './to-user.ts'
import type { Translation } from './to-user.ts'

/** What to import, and where to. */
export interface ImportOptions extends SourceOptions {
  /** False: only looks, and reports what would happen. */
  write: boolean
  /** An open store; null (when nothing is written) for a database that does not exist yet. */
  target: Store | null
  sealer: Translation['sealer']
  hashes: Translation['hashes']
  now: () => number
  /** Users that are read, compared and written together, in one transaction. @default 500 */
  batch?: number
  onProgress?: (progress: Progress) => void
}

/** How far it is. */
export interface Progress {
  done: number
  of: number
}

/** What an import did, or would do. */
export interface ImportReport {
  /** Nothing was written. */
  dryRun: boolean
  layout: Source['layout']
  source: string
  users: {
    read: number
    /** Written now; in a dry run: would be. */
    imported: number
    /** By an earlier run, and the same on both sides. */
    alreadyThere: number
    /** By an earlier run, and different now. Left as they are here. */
    changedSince: number
    /** Neither imported nor there; each has a note. */
    leftOut: number
  }
  /** Of the users in `imported`: how many had what. */
  credentials: Record<string, number>
  /** What the old database has and Latchkey begins without. */
  notImported: { sessions: number; tokens: Record<string, number> }
  /** One line for each user or row that needs attention, or may. */
  notes: Note[]
  /** What to do about each kind of note there is. */
  advice: Partial<Record<NoteKind, string>>
  seconds: number
}

/** How often a user is planned anew because somebody took a key in between. */
const TRIES = 4

/**
 * Imports, or looks what importing would do.
 * @throws AccountsError `InvalidSettings` when there is no accounts-js database
 */
export async function importAccountsJs(options: ImportOptions): Promise<ImportReport> {
  const began = options.now()
  const source = await openSource(options)
  try {
    const report = emptyReport(source, options)
    const of = await source.count()
    const importer = new Importer(options, report)
    await importer.prepare(source)
    for await (const page of source.pages(options.batch ?? 500)) {
      await importer.take(page)
      options.onProgress?.({ done: report.users.read, of })
    }
    const { orphans, ...rest } = await source.rest()
    report.notImported = rest
    for (const { table, id, name } of orphans) report.notes.push({ kind: 'row-of-nobody', id, what: `${table} ${name}` })
    for (const { kind } of report.notes) report.advice[kind] = ADVICE[kind]
    report.seconds = (options.now() - began) / 1000
    return report
  } finally {
    await source.close()
  }
}

class Importer {
  readonly #options: ImportOptions
  readonly #report: ImportReport
  readonly #claims = new Claims()
  /** Somebody was there before, so keys have to be asked for. */
  #crowded = false

  constructor(options: ImportOptions, report: ImportReport) {
    this.#options = options
    this.#report = report
  }

  async prepare(source: Source): Promise<void> {
    this.#crowded = ((await this.#options.target?.users.count()) ?? 0) > 0
    for (const { address, userId } of await source.sharedEmails())
      for (const key of keysOf({ ...NOBODY, emails: [{ address, verified: false }] })) this.#claims.settle(key, userId)
  }

  async take(page: SourceUser[]): Promise<void> {
    this.#report.users.read += page.length
    const kept = await Promise.all(page.map(async ({ id }) => (await this.#options.target?.users.find({ kind: 'id', key: id })) ?? null))
    if (this.#crowded) await this.#settle(page)
    // All in the order of the page, so that the oldest gets what several claim, imported before or now.
    const planned = page.map((user, index) => ({ ...this.#plan(user), there: kept[index] ?? null }))
    for (const { made, notes, source, there } of planned) if (there) await this.#compare(made, notes, source, there)
    await this.#write(planned.filter(({ there }) => there === null))
  }

  #plan(source: SourceUser): Planned {
    const notes: Note[] = []
    const { sealer, hashes, now } = this.#options
    const made = toUser(source, { claims: this.#claims, sealer, hashes, now: now(), note: note => notes.push(note) })
    return { made, notes, source }
  }

  /** Keys that somebody here has already are theirs. */
  async #settle(users: readonly SourceUser[]): Promise<void> {
    const keys = users.flatMap(keysOf)
    const owners = await Promise.all(keys.map(async key => this.#options.target?.users.find(key)))
    for (const [index, key] of keys.entries()) {
      const owner = owners[index]
      if (owner) this.#claims.settle(key, owner.id)
    }
  }

  async #compare(made: NewUser, own: readonly Note[], source: SourceUser, there: User): Promise<void> {
    const { users, notes } = this.#report
    // The time of an account's making never changes, so it tells whether this is the same one. MikroORM's adapter may have kept none.
    if (source.createdAt !== null && source.createdAt !== there.createdAt) {
      users.leftOut += 1
      notes.push({ kind: 'id-taken', id: there.id, what: nameOf(there) })
      return
    }
    notes.push(...own)
    const fields = differences(made, there, (await this.#options.target?.users.credentials(there.id)) ?? [])
    if (fields.length === 0) {
      users.alreadyThere += 1
      return
    }
    users.changedSince += 1
    notes.push({ kind: 'changed', id: there.id, what: `${fields.join(', ')} (${laterSide(made.user.updatedAt, there.updatedAt)})` })
  }

  async #write(planned: readonly Planned[]): Promise<void> {
    const { write, target } = this.#options
    if (!write || !target) return this.#count(planned)
    let left = planned
    for (let tries = TRIES; left.length > 0 && tries > 0; tries -= 1) {
      const outcomes = await target.users.insertMany(left.map(({ made }) => made))
      this.#count(left.filter((_, index) => outcomes[index]?.inserted))
      // Somebody signed up in between: what they have is theirs now.
      const refused = left.filter((_, index) => !outcomes[index]?.inserted).map(({ source }) => source)
      await this.#settle(refused)
      left = refused.map(source => this.#plan(source))
    }
    for (const { made } of left) {
      this.#report.users.leftOut += 1
      this.#report.notes.push({ kind: 'not-written', id: made.user.id, what: nameOf(made.user) })
    }
  }

  #count(planned: readonly Planned[]): void {
    const { users, credentials, notes } = this.#report
    users.imported += planned.length
    for (const { made, notes: own } of planned) {
      notes.push(...own)
      for (const kind of new Set(made.credentials.map(credential => credential.kind))) credentials[kind] = (credentials[kind] ?? 0) + 1
    }
  }
}

const nameOf = ({ username, emails }: User): string => username ?? emails[0]?.address ?? '-'

const laterSide = (there: number, here: number): string =>
  here > there ? 'later here' : here < there ? 'later there' : 'when is not known'

interface Planned {
  made: NewUser
  notes: Note[]
  source: SourceUser
}

const NOBODY: SourceUser = {
  id: '',
  username: null,
  deactivated: false,
  createdAt: null,
  updatedAt: null,
  custom: {},
  emails: [],
  services: [],
}

const emptyReport = (source: Source, { write }: ImportOptions): ImportReport => ({
  dryRun: !write,
  layout: source.layout,
  source: source.where,
  users: { read: 0, imported: 0, alreadyThere: 0, changedSince: 0, leftOut: 0 },
  credentials: {},
  notImported: { sessions: 0, tokens: {} },
  notes: [],
  advice: {},
  seconds: 0,
})
