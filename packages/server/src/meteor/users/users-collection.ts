import { EJSON } from '@latchkey/common/ddp'
import { MeteorError, project } from '@latchkey/common/meteor'
import { toMeteorUser } from '../../compat/meteor-user.ts'
import type { MeteorUser } from '../../compat/meteor-user.ts'
import type { Accounts } from '../../core/accounts.ts'
import type { User } from '../../core/identity/user.ts'
import { holderOf } from '../login-tokens.ts'
import { UserRules } from './allow-rules.ts'
import type { AllowRules } from './allow-rules.ts'
import { readFindOptions } from './find-options.ts'
import type { FindOptions, ReadFindOptions } from './find-options.ts'
import { modify, readModifier, touchedBy } from './modifier.ts'
import type { Change, Modifier } from './modifier.ts'
import { readSelector } from './selector.ts'
import type { ReadSelector, UserSelector } from './selector.ts'
import { UsersCursor } from './users-cursor.ts'

/** What a change is to reach. */
export interface UpdateOptions {
  /** Every user the selector means, rather than one. @default false */
  multi?: boolean
}

/** Fields that are no field of the app's own, and the call that changes each. */
const OURS: Readonly<Record<string, string>> = {
  _id: 'nothing: an id stays',
  id: 'nothing: an id stays',
  createdAt: 'nothing: it says when the user was created',
  username: 'Accounts.setUsername',
  emails: 'Accounts.addEmailAsync, replaceEmailAsync and removeEmail',
  services: 'Accounts.setPasswordAsync, updateOrCreateUserFromExternalService, _clearAllLoginTokens and their like',
  password: 'Accounts.setPasswordAsync',
}

const PAGE = 200

/** `Accounts.users` and `Meteor.users` on the server: users as documents, without hashes, tokens and secrets, and their own fields to change. */
export class UsersCollection {
  readonly #accounts: Accounts
  readonly #name: () => string
  readonly #rules = new UserRules()

  constructor(accounts: Accounts, name: () => string = () => 'users') {
    this.#accounts = accounts
    this.#name = name
  }

  /** What the collection is published as. */
  get _name(): string {
    return this.#name()
  }

  /**
   * The first user the selector means; without any, the first of all.
   * @throws MeteorError 409 for a selector by which nobody is found, and an option that is not known
   * @example
   * // inside of a method
   * // const user = await Meteor.users.findOneAsync(this.userId, { fields: { profile: 1 } })
   */
  async findOneAsync(...given: [selector?: UserSelector | null | undefined, options?: FindOptions]): Promise<MeteorUser | undefined> {
    const [selector, options] = given.length === 0 ? [{}] : given
    const [user] = await this.find(selector ?? undefined, { ...options, limit: 1 }).fetchAsync()
    return user
  }

  /**
   * The users a selector means, in the order of their ids unless `sort` says another. Without one: everybody.
   * @throws MeteorError 409 for a selector by which nobody is found, and an option that is not known
   */
  find(...given: [selector?: UserSelector | undefined, options?: FindOptions]): UsersCursor {
    // Meteor's rule: a selector that is undefined means nobody, so that a lost id does not mean everybody.
    const [selector, options = {}] = given.length === 0 ? [{}] : given
    const [read, how] = [readSelector(selector), readFindOptions(options)]
    const each = (): AsyncIterable<MeteorUser> => this.#each(read, how)
    return new UsersCursor({
      name: this._name,
      each,
      count: async () => {
        if (read.candidates === null && how.limit === Infinity && how.skip === 0) return this.#count()
        let count = 0
        for await (const _ of each()) count += 1
        return count
      },
      watch: listener => this.#watch(read, listener),
    })
  }

  /** How many users the selector means. */
  countDocuments(selector: UserSelector = {}): Promise<number> {
    return this.find(selector).countAsync()
  }

  /**
   * Changes the app's own fields (`profile` and others) of the first user the selector means; how many were changed.
   * @throws MeteorError 409 for a modifier that cannot be, or that reaches for what has a call of its own, and for an option that is not known
   */
  async updateAsync(selector: UserSelector, modifier: Modifier, options: UpdateOptions = {}): Promise<number> {
    const { multi = false, ...others } = options
    for (const [name, value] of Object.entries(others)) if (value) throw new MeteorError(409, `The option "${name}" is not known here`)
    const changes = readModifier(modifier)
    refuseOurs(changes)
    const read = readSelector(selector)
    const ids: string[] = []
    for await (const user of this.#meant(read)) {
      ids.push(user._id)
      if (!multi) break
    }
    const done = await Promise.all(ids.map(id => this.#accounts.changeFields(id, fields => modify(fields, changes))))
    return done.filter(Boolean).length
  }

  /** The same for a client, who was allowed to: the user does not grow without end. */
  async _updateForClient(id: string, modifier: Modifier): Promise<number> {
    const changes = readModifier(modifier)
    refuseOurs(changes)
    const isDone = await this.#accounts.changeFields(id, fields => {
      const next = modify(fields, changes)
      refuseGrowth(sizeOf(fields), sizeOf(next))
      return next
    })
    return isDone ? 1 : 0
  }

  /** Deletes the users a selector means, with sessions and everything else that is kept of them; how many. Never everybody at once. */
  async removeAsync(selector: UserSelector): Promise<number> {
    const read = readSelector(selector)
    if (read.candidates === null) throw new MeteorError(409, 'Say whom to remove: an empty selector means everybody')
    const ids: string[] = []
    for await (const user of this.#meant(read)) ids.push(user._id)
    const done = await Promise.all(ids.map(id => this.#accounts.deleteUser(id)))
    return done.filter(Boolean).length
  }

  /** @throws MeteorError 409 always, with what to call */
  async insertAsync(_user: unknown): Promise<never> {
    throw new MeteorError(409, 'Users are created by Accounts.createUserAsync, or by Accounts.insertUserDoc')
  }

  /** @throws MeteorError 409 always, with what to call */
  async upsertAsync(_selector: unknown, _modifier: unknown): Promise<never> {
    throw new MeteorError(409, 'Look the user up, then call updateAsync or Accounts.createUserAsync')
  }

  /** Adds rules for what clients may change, beside the one that is there: everybody may change their own `profile`. */
  allow(rules: AllowRules): boolean {
    this.#rules.allow(rules)
    return true
  }

  /** Adds rules for what clients may not change, whatever else allows it. `{ update: () => true }` closes the profile too. */
  deny(rules: AllowRules): boolean {
    this.#rules.deny(rules)
    return true
  }

  /** The rules in force. */
  get _rules(): UserRules {
    return this.#rules
  }

  /** Meteor's rules hold from the start. */
  _changeIsAllowed(userId: string | null, user: MeteorUser, modifier: Modifier): Promise<void> {
    const fields = touchedBy(readModifier(modifier))
    return this.#rules.judge('update', rule => rule(userId, user, [...fields], modifier))
  }

  async #count(): Promise<number> {
    await this.#accounts.ready()
    return this.#accounts.core.store.users.count()
  }

  async *#each(read: ReadSelector, { fields, compare, limit, skip }: ReadFindOptions): AsyncGenerator<MeteorUser> {
    let [toSkip, left] = [skip, limit]
    for await (const document of compare ? await this.#sorted(read, compare) : this.#meant(read)) {
      if (toSkip > 0) {
        toSkip -= 1
        continue
      }
      left -= 1
      // Of the fields of a document some; apps know which they asked for.
      yield project(document, fields) as MeteorUser
      if (left <= 0) return
    }
  }

  async *#meant({ candidates, matches }: ReadSelector): AsyncGenerator<MeteorUser> {
    for await (const user of candidates ? this.#named(candidates) : this.#everybody()) {
      const document = await this.#documentOf(user)
      if (matches(document)) yield document
    }
  }

  async #sorted(read: ReadSelector, compare: NonNullable<ReadFindOptions['compare']>): Promise<MeteorUser[]> {
    const all: MeteorUser[] = []
    for await (const document of this.#meant(read)) all.push(document)
    return all.toSorted(compare)
  }

  async *#named(candidates: NonNullable<ReadSelector['candidates']>): AsyncGenerator<User> {
    const found = new Map<string, User>()
    for (const candidate of candidates) {
      const user =
        candidate.kind === 'login-token' ? await holderOf(this.#accounts, candidate.hashedToken) : await this.#accounts.findUser(candidate)
      if (user) found.set(user.id, user)
    }
    yield* [...found.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1))
  }

  async *#everybody(): AsyncGenerator<User> {
    for (let page = await this.#accounts.listUsers({ limit: PAGE }); page.length > 0;) {
      yield* page
      const after = page.at(-1)?.id ?? ''
      page = await this.#accounts.listUsers({ after, limit: PAGE })
    }
  }

  async #documentOf(user: User): Promise<MeteorUser> {
    const { settings, store } = this.#accounts.core
    return toMeteorUser(settings.face, user, await store.users.credentials(user.id))
  }

  #watch({ candidates }: ReadSelector, listener: () => void): () => void {
    const ids = new Set(candidates?.every(({ kind }) => kind === 'id') ? candidates.flatMap(one => ('key' in one ? [one.key] : [])) : [])
    const concerns = (userId: string | null): boolean => userId === null || ids.size === 0 || ids.has(userId)
    const stops = [
      this.#accounts.watch(userId => {
        if (concerns(userId)) listener()
      }),
      this.#accounts.core.hooks.on('userCreated', ({ user }) => {
        if (concerns(user.id)) listener()
      }),
    ]
    return () => {
      for (const stop of stops) stop()
    }
  }
}

/** Characters of EJSON that clients may make of a user's own fields, as much as one message of theirs has: each login reads them, and each socket is sent them. */
const LARGEST = 2 ** 20

const sizeOf = (fields: object): number => EJSON.stringify(fields).length

/** One that the app made larger may still shrink. */
function refuseGrowth(before: number, after: number): void {
  if (after > LARGEST && after > before) throw new MeteorError(409, `The fields of a user may have ${LARGEST} characters`)
}

/** Fields that have rules of their own are changed by calls that keep them. */
function refuseOurs(changes: readonly Change[]): void {
  for (const field of touchedBy(changes)) {
    const call = Object.hasOwn(OURS, field) ? OURS[field] : undefined
    if (call !== undefined) throw new MeteorError(409, `"${field}" is not changed here. Call ${call}`)
  }
}
