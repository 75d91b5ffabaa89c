/** Who is signed in on which connection: by which session, as it is now, until it ends. */
import { createHash } from 'node:crypto'
import { isAccountsError, stopOf } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { Accounts } from '../../../core/accounts.ts'
import type { User } from '../../../core/identity/user.ts'
import { deadline } from '../../../core/session/session.ts'
import type { Session, SessionAndUser } from '../../../core/session/session.ts'
import type { Connection } from '../../../wire/connection.ts'
import { runOutside } from '../../../wire/invocation.ts'
import type { AttachedConnections } from './ports.ts'

/** The session a connection holds. */
export interface Held {
  readonly connection: Connection
  session: Session
  user: User
  /** SHA-256 of the login token, in base64. */
  readonly hashedToken: string | undefined
  /** On its way to another session, or to none: not closed meanwhile, although its session ends. */
  isLeaving: boolean
}

/** Shown a user whenever they may have changed; null when they are gone. */
export type Onlooker = (user: User | null) => void

/** What is known of one user who is on air. */
interface OnAir {
  readonly held: Set<Held>
  readonly onlookers: Set<Onlooker>
  /** How often they were looked at, or began to be. */
  looks: number
}

/** How many users are read anew at the same time. */
const ABREAST = 16
/** Milliseconds between two looks for sessions whose time is over. */
const EXPIRY_EVERY = 1000
/** Milliseconds until a user who could not be read is read again. */
const RETRY_AFTER = 500

/**
 * The connections that are signed in, by user. A session that ends, in this process or any other, closes the connections that hold it; a user who changes is
 * read anew, with the sessions that are connected here, and shown to whoever looks on.
 */
export class SignedIn implements AttachedConnections {
  readonly #accounts: Accounts
  readonly #byConnection = new Map<string, Held>()
  readonly #isOpen = new WeakMap<Connection, boolean>()
  readonly #byUser = new Map<string, OnAir>()
  /** Users that may have changed since they were last looked at. */
  readonly #doubtful = new Set<string>()
  /** Looks under way, by user: a second change while one is under way needs another. */
  readonly #looks = new Map<string, Promise<void>>()
  #isLooking = false
  #retries: Stop | undefined
  #watching: Stop | undefined
  #expiring: Stop | undefined

  constructor(accounts: Accounts) {
    this.#accounts = accounts
  }

  /** The session a connection holds. */
  of(connection: Connection | null): Held | undefined {
    return connection === null ? undefined : this.#byConnection.get(connection.id)
  }

  hashedLoginToken(connectionId: string): string | undefined {
    return this.#byConnection.get(connectionId)?.hashedToken
  }

  /**
   * From now on the connection is signed in by this session, and by no other. The session is looked at once more: it may have ended since it was opened.
   * @throws AccountsError `InvalidSession`
   */
  async hold(connection: Connection, { session, user }: SessionAndUser, token: string | undefined): Promise<Held> {
    const hashedToken = token === undefined ? undefined : createHash('sha256').update(token).digest('base64')
    const held: Held = { connection, session, user, hashedToken, isLeaving: true }
    const onAir = this.#onAir(user.id)
    const looks = onAir.looks
    // Before it is looked at: what changes from now on is heard of.
    onAir.held.add(held)
    try {
      Object.assign(held, await this.#accounts.checkAgain(session))
    } catch (error) {
      onAir.held.delete(held)
      this.#tidy(user.id)
      throw error
    }
    this.release(connection)
    held.isLeaving = false
    this.#byConnection.set(connection.id, held)
    if (!this.#isOpen.has(connection)) {
      this.#isOpen.set(connection, true)
      runOutside(() =>
        connection.onClose(() => {
          this.#isOpen.set(connection, false)
          this.release(connection)
        }),
      )
    }
    // It was closed while the login was on its way.
    if (!this.#isOpen.get(connection)) this.release(connection)
    // Something changed meanwhile, and the answer here may be of before: a look passes over what is not held yet.
    if (onAir.looks !== looks) this.doubt(user.id)
    return held
  }

  /** The connection is signed in no longer. */
  release(connection: Connection): void {
    const held = this.#byConnection.get(connection.id)
    if (held) this.#drop(held)
  }

  /** Shows the user to somebody, now and whenever they change. */
  look(userId: string, onlooker: Onlooker): Stop {
    const { onlookers } = this.#onAir(userId)
    onlookers.add(onlooker)
    return stopOf(() => {
      onlookers.delete(onlooker)
      this.#tidy(userId)
    })
  }

  /**
   * The session behind the connection as it is now; null when nobody is signed in by one. One that is over closes the connection.
   * @throws AccountsError `InvalidSession`
   */
  async check(connection: Connection | null): Promise<SessionAndUser | null> {
    const held = this.of(connection)
    if (!held) return null
    try {
      const found = await this.#accounts.checkAgain(held.session)
      held.session = found.session
      return found
    } catch (error) {
      if (isOver(error)) this.#close(held)
      throw error
    }
  }

  /** Something may have changed about the user; null: about anybody. */
  doubt(userId: string | null): void {
    for (const id of userId === null ? this.#byUser.keys() : [userId]) if (this.#byUser.has(id)) this.#doubtful.add(id)
    if (this.#isLooking || this.#doubtful.size === 0) return
    this.#isLooking = true
    // Never rejects: see `#begin`.
    void this.#lookAtAll()
  }

  /** Resolves when what changed so far about the user of this connection was looked at and shown. */
  async settle(connection: Connection): Promise<void> {
    const id = this.of(connection)?.user.id
    // Looked at already, or about to be: then another look is needed for what changed since.
    while (id !== undefined && (this.#doubtful.has(id) || this.#looks.has(id))) await (this.#looks.get(id) ?? this.#begin(id))
  }

  stop(): void {
    this.#watching?.()
    this.#expiring?.()
    this.#retries?.()
    this.#byConnection.clear()
    this.#byUser.clear()
    this.#doubtful.clear()
  }

  async #lookAtAll(): Promise<void> {
    // Several changes of one deed are one look.
    await Promise.resolve()
    while (this.#doubtful.size > 0) {
      const next = [...this.#doubtful].slice(0, ABREAST)
      await Promise.all(next.map(async id => this.#looks.get(id) ?? this.#begin(id)))
    }
    this.#isLooking = false
  }

  #begin(userId: string): Promise<void> {
    this.#doubtful.delete(userId)
    // What changes about one user is often another's doing.
    const look = runOutside(() => this.#lookAt(userId))
      .catch((error: unknown) => {
        this.#accounts.core.log.error({ err: error, user: userId }, 'a signed-in user could not be read anew; that is tried again')
        this.#retries ??= this.#accounts.core.timers.after(RETRY_AFTER, () => {
          this.#retries = undefined
          this.doubt(null)
        })
      })
      .finally(() => this.#looks.delete(userId))
    this.#looks.set(userId, look)
    return look
  }

  /** Closes what is over, then shows the user to all who still look on. */
  async #lookAt(userId: string): Promise<void> {
    const onAir = this.#byUser.get(userId)
    if (!onAir) return
    onAir.looks += 1
    let user: User | null | undefined
    let failure: unknown
    const groups = bySession(onAir.held)
    const checked = await this.#accounts.checkAllAgain(
      userId,
      groups.map(([{ session }]) => session),
    )
    for (const [at, holders] of groups.entries()) {
      const outcome = checked[at]
      if (outcome?.status === 'fulfilled') {
        for (const held of holders) Object.assign(held, outcome.value)
        user = outcome.value.user
      } else if (isOver(outcome?.reason)) for (const held of holders) this.#close(held)
      else failure = outcome?.reason
    }
    if (onAir.onlookers.size > 0) {
      user ??= await this.#accounts.findUser({ kind: 'id', key: userId })
      for (const onlooker of onAir.onlookers) onlooker(user)
    }
    if (failure !== undefined) throw failure
  }

  /** Not what has gone on to another session, or to none, while its own was looked at. */
  #close(held: Held): void {
    const isCurrent = this.#byConnection.get(held.connection.id) === held
    if (!isCurrent || held.isLeaving) return
    this.#drop(held)
    held.connection.close()
  }

  #drop(held: Held): void {
    if (this.#byConnection.get(held.connection.id) === held) this.#byConnection.delete(held.connection.id)
    this.#byUser.get(held.user.id)?.held.delete(held)
    this.#tidy(held.user.id)
  }

  #onAir(userId: string): OnAir {
    runOutside(() => {
      this.#watching ??= this.#accounts.watch(id => this.doubt(id))
      this.#expiring ??= this.#accounts.core.timers.every(EXPIRY_EVERY, () => this.#expire())
    })
    const known = this.#byUser.get(userId)
    if (known) return known
    const onAir: OnAir = { held: new Set(), onlookers: new Set(), looks: 0 }
    this.#byUser.set(userId, onAir)
    return onAir
  }

  /** Nothing is kept, and nobody asked, about users who are on air no longer. */
  #tidy(userId: string): void {
    const onAir = this.#byUser.get(userId)
    if (onAir?.held.size === 0 && onAir.onlookers.size === 0) this.#byUser.delete(userId)
    if (this.#byUser.size > 0) return
    this.#watching?.()
    this.#expiring?.()
    this.#watching = undefined
    this.#expiring = undefined
  }

  /** What time ended, nobody tells of. */
  #expire(): void {
    const now = this.#accounts.core.clock.now()
    for (const { session, user } of this.#byConnection.values()) if (now >= deadline(session)) this.doubt(user.id)
  }
}

function bySession(all: Iterable<Held>): [Held, ...Held[]][] {
  const groups = new Map<string, [Held, ...Held[]]>()
  for (const held of all) {
    const group = groups.get(held.session.id)
    if (group) group.push(held)
    else groups.set(held.session.id, [held])
  }
  return [...groups.values()]
}

/** Refused by us, or by the app's `resumeSessionValidator`; whatever else failed says nothing about the session. */
const isOver = (error: unknown): boolean => isAccountsError(error) && error.code !== 'InternalError' && error.code !== 'Busy'
