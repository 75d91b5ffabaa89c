/**
 * How a user is created in two databases, whose adapter makes the id. First our store holds the names for a user who is not there yet; then the adapter is
 * asked whether anybody has them; then it creates the user; then the mirror takes over the names under the new id. Whoever claims a name in between finds the
 * user in the adapter, because it is asked after claiming. A process that dies on the way leaves a claim, which is released when it is old.
 */
import { AccountsError } from '@latchkey/common'
import { passwordOf } from '../../core/identity/credential.ts'
import type { Credential, StoredPassword } from '../../core/identity/credential.ts'
import type { Identifier, NewUser } from '../../core/identity/user.ts'
import type { Along, Insertion, Store } from '../../core/store.ts'
import { providerOf, serviceData, withoutClearSecret } from './accounts.ts'
import { isDuplicate } from './adapter.ts'
import { deliver } from './along.ts'
import { release } from './claims.ts'
import { findKept } from './find.ts'
import type { Joined, MirrorNotes } from './joined.ts'
import { printOf } from './prints.ts'
import { customFieldsFor } from './shapes.ts'

type Taken = { taken: Identifier['kind'] }

/** Creates users: `prepare` in the adapter, `insert` in our store. */
export class Insertions {
  readonly #joined: Joined
  /** Users the adapter has created and our store has not: their id → the id that holds their names. */
  readonly #prepared = new Map<string, string>()

  constructor(joined: Joined) {
    this.#joined = joined
  }

  async prepare(given: NewUser): Promise<{ id: string } | Taken> {
    const claim = await this.#claim(given)
    if (claim) return claim
    const claimId = given.user.id
    try {
      const taken = await this.#takenInAdapter(given)
      if (taken) return await this.#giveUp(claimId, taken)
      const id = await createKept(this.#joined, given)
      this.#prepared.set(id, claimId)
      return { id }
    } catch (error) {
      const taken = isDuplicate(error) ? await this.#takenInAdapter(given) : null
      await this.#giveUp(claimId, taken)
      if (taken) return { taken }
      throw error
    }
  }

  async insert(given: NewUser, along?: Along): Promise<Insertion> {
    if (!this.#prepared.has(given.user.id)) {
      const prepared = await this.prepare(given)
      if ('taken' in prepared) return { inserted: false, taken: prepared.taken }
      if (prepared.id !== given.user.id)
        throw new AccountsError('InvalidSettings', {
          message: 'This database makes the ids of its users: prepare a user before inserting them',
        })
    }
    await this.#finish(given, along)
    return { inserted: true }
  }

  /** Holds the names. Something when they are somebody's. */
  async #claim({ user, identifiers }: NewUser): Promise<Taken | undefined> {
    const { store, now } = this.#joined
    const notes: MirrorNotes = { claimedAt: now() }
    const claim = { user: { ...user, custom: { ...notes } }, credentials: [], identifiers }
    for (let tries = 0; ; tries += 1) {
      const outcome = await store.users.insert(claim)
      if (outcome.inserted) return undefined
      const { taken } = outcome
      if (taken === 'id' || tries === identifiers.length) return { taken }
      const released = await Promise.all(identifiers.filter(({ kind }) => kind === taken).map(name => release(this.#joined, name)))
      if (!released.every(Boolean)) return { taken }
    }
  }

  async #takenInAdapter({ user: { username }, identifiers }: NewUser): Promise<Identifier['kind'] | null> {
    for (const identifier of identifiers) {
      const spelt = identifier.kind === 'username' && username !== undefined ? { ...identifier, typed: username } : identifier
      if (await findKept(this.#joined, spelt)) return identifier.kind
    }
    return null
  }

  async #giveUp<T extends Identifier['kind'] | null>(claimId: string, taken: T): Promise<{ taken: T }> {
    const { store, now } = this.#joined
    await store.users.remove(claimId, now())
    return { taken }
  }

  /** Turns the claim into a mirror. */
  async #finish({ user, credentials, identifiers }: NewUser, along: Along | undefined): Promise<void> {
    const { store, now } = this.#joined
    const claimId = this.#prepared.get(user.id) ?? user.id
    this.#prepared.delete(user.id)
    await store.users.remove(claimId, now())
    const notes: MirrorNotes = Object.keys(user.custom).length === 0 ? {} : { given: user.custom }
    const mirror = { ...user, custom: { ...notes } }
    const made = { user: mirror, credentials: credentials.map(rowOf), identifiers }
    const outcome = await store.users.insert(made, along)
    if (!outcome.inserted) await this.#finishLate(store, made, along)
  }

  /** Somebody read the new user before we got here, and so has a mirror made; or claims a name of theirs, and is about to find out that it is taken. */
  async #finishLate(store: Store, { user, credentials }: NewUser, along: Along | undefined): Promise<void> {
    const bare = { ...user, emails: [] }
    delete bare.username
    await store.users.insert({ user: bare, credentials: [], identifiers: [] })
    for (const credential of credentials) await store.users.putCredential(credential)
    await store.users.setCustom(user.id, user.custom, user.updatedAt)
    await deliver(store, along)
  }
}

/** Asks the adapter for a user with all they bring; the id it gave. */
async function createKept({ adapter, idField, upgradePasswords }: Joined, { user, credentials }: NewUser): Promise<string> {
  const [first, ...others] = user.emails
  const password = passwordOf(credentials)
  if (password) refuseUnreadable(password, upgradePasswords)
  const id = await adapter.create({
    ...customFieldsFor(user.custom),
    ...(user.username === undefined ? {} : { username: user.username }),
    ...(first ? { email: first.address } : {}),
    ...(password ? { password: password.hash } : {}),
    ...(idField === undefined ? {} : { [idField]: user.id }),
  })
  if (first?.verified) await adapter.verifyEmail(id, first.address.toLowerCase())
  for (const { address, verified } of others) await adapter.addEmail(id, address, verified)
  for (const credential of credentials) {
    const provider = providerOf(credential.kind)
    if (provider !== undefined) await adapter.setAccount(id, provider, serviceData(credential))
  }
  if (user.deactivatedAt !== undefined) await adapter.setDeactivated(id, true)
  return id
}

/** The old app could not read it: everybody who changed their password here would be locked out there. @throws AccountsError `InvalidSettings` */
export function refuseUnreadable({ form }: StoredPassword, upgradePasswords: boolean): void {
  if (form !== 'bcrypt' && !upgradePasswords)
    throw new AccountsError('InvalidSettings', {
      message: `The accounts-js database is to keep bcrypt, and was given ${form}: set upgradePasswords once the old app is gone`,
    })
}

/** A credential as our store keeps it. */
export function rowOf(credential: Credential): Credential {
  if (credential.kind !== 'password' || credential.form === undefined || credential.secret === undefined)
    return withoutClearSecret(credential)
  // Passwords have forms of passwords.
  return { ...credential, secret: printOf(credential.form as StoredPassword['form'], credential.secret).hash }
}
