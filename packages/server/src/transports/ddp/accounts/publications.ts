/** What accounts publish: the signed-in user to themselves, and to everybody how the app is known at providers. */
import { EJSON } from '@latchkey/common/ddp'
import { project } from '@latchkey/common/meteor'
import type { FieldSelector } from '@latchkey/common/meteor'
import type { Accounts } from '../../../core/accounts.ts'
import type { User } from '../../../core/identity/user.ts'
import type { Publication, PublishHandler } from '../types.ts'
import type { AccountsOnDdp, ServiceConfigurationPort } from './ports.ts'
import type { SignedIn } from './signed-in.ts'

type Fields = Record<string, unknown>

const DEFAULT_FIELDS: FieldSelector = { profile: 1, username: 1, emails: 1 }

/** Meteor's collection of providers' configurations. */
export const SERVICES = 'meteor_accounts_loginServiceConfiguration'

/** The current user, live, on every connection: Meteor's publication without a name. At least their `_id`. */
export function currentUser(on: AccountsOnDdp, signedIn: SignedIn): PublishHandler {
  return function () {
    const { userId, connection } = this
    if (userId === null) return
    const held = signedIn.of(connection)
    const shown = showing(on, this, userId)
    // From here on changes are heard of; what is shown first is as the session was checked.
    this.onStop(signedIn.look(userId, shown))
    if (held?.user.id === userId) return shown(held.user)
    // An app's own method says who it is.
    return on.accounts.findUser({ kind: 'id', key: userId }).then(shown)
  }
}

/** Tells the client what is new about the user, each time it is given them. */
function showing(on: AccountsOnDdp, publication: Publication, userId: string): (user: User | null) => void {
  const collection = on.ddp?.collection?.() ?? 'users'
  let last: Fields | undefined
  return user => {
    const next = user ? fieldsOf(on, user) : undefined
    if (next && !last) publication.added(collection, userId, next)
    else if (!next && last) publication.removed(collection, userId)
    else if (next && last) {
      const changes = differences(last, next)
      if (Object.keys(changes).length > 0) publication.changed(collection, userId, changes)
    }
    last = next
  }
}

function fieldsOf({ accounts, ddp }: AccountsOnDdp, user: User): Fields {
  // An app's own say on what may leave of a user goes before the shape.
  const isSanitized = accounts.core.settings.userObjectSanitizer !== undefined
  const document = (isSanitized ? undefined : ddp?.document?.(user)) ?? documentOf(accounts, user)
  const { _id: _, ...fields } = project(document, ddp?.publishFields?.() ?? DEFAULT_FIELDS)
  // In the order Meteor sends them.
  return Object.fromEntries(Object.entries(fields).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

/** A user of a server that is not Meteor's, as its clients expect one. */
function documentOf(accounts: Accounts, user: User): Fields {
  const { id: _id, deactivated: _deactivated, updatedAt: _updatedAt, createdAt: _createdAt, emails, ...fields } = accounts.publicUser(user)
  return { ...fields, _id: user.id, createdAt: new Date(user.createdAt), ...(emails?.length > 0 ? { emails } : {}) }
}

/** What is gone is undefined. */
function differences(last: Fields, next: Fields): Fields {
  const changes: Fields = {}
  for (const name of new Set([...Object.keys(last), ...Object.keys(next)]))
    if (!EJSON.equals(last[name], next[name])) changes[name] = next[name]
  return changes
}

/** `meteor.loginServiceConfiguration`: live, and ready at once where nothing is configured over DDP. */
export function serviceConfiguration(port: ServiceConfigurationPort | undefined): PublishHandler {
  return async function () {
    if (!port) return this.ready()
    const known = new Map<string, Fields>()
    let isStopped = false
    const show = async (): Promise<void> => {
      const documents = new Map((await port.publicDocuments()).map(({ _id, ...fields }) => [_id, fields]))
      if (isStopped) return
      for (const id of known.keys()) if (!documents.has(id)) this.removed(SERVICES, id)
      for (const [id, fields] of documents) {
        const before = known.get(id)
        if (!before) this.added(SERVICES, id, fields)
        else if (!EJSON.equals(before, fields)) this.changed(SERVICES, id, differences(before, fields))
      }
      known.clear()
      for (const [id, fields] of documents) known.set(id, fields)
    }
    // One look after the other: two at once would tell things twice.
    let looking = Promise.resolve()
    const stop = port.watch(() => {
      looking = looking.then(show).catch((error: unknown) => this.error(error))
    })
    this.onStop(() => {
      isStopped = true
      stop()
    })
    looking = looking.then(show)
    await looking
    this.ready()
  }
}
