import { MeteorError } from '@latchkey/common/ddp'
import type { SubMessage } from '@latchkey/common/ddp'
import { toWireError } from './errors.ts'
import { readParams } from './read-message.ts'
import type { Session } from './session.ts'
import { Subscription } from './subscription.ts'
import type { PublishHandler } from './types.ts'

/**
 * Each page that Meteor built asks for its newest version, and complains of a server that does not know the word. Here is none to tell of; an app that has one
 * publishes its own.
 */
const BUILT_IN: ReadonlyMap<string, PublishHandler> = new Map([
  [
    'meteor_autoupdate_clientVersions',
    function () {
      this.ready()
    },
  ],
])

/** Answers a client's `sub`: with `ready` sooner or later, if the publication says so, or with `nosub` and why. Never rejects. */
export async function startSubscription(session: Session, message: SubMessage, size: number, unblock: () => void): Promise<void> {
  const { hub } = session
  const { id, name } = message
  try {
    const handler = hub.publications.get(name) ?? BUILT_IN.get(name)
    if (!handler) throw new MeteorError(404, `Subscription '${name}' not found`)
    const active = session.named(id)
    // Clients subscribe again after a reconnect, and wait for the answer; where the session went on, it is the old one.
    if (active) return active.isReady && session.resumption?.wasResumed ? session.ready(id) : undefined
    if (!session.hasRoomFor(size)) throw new MeteorError('too-many-requests', 'Too many subscriptions')
    readParams(message)
    const params = JSON.stringify(message.params ?? [])
    await hub.admit('subscription', name, session)
    if (session.isOver) return undefined
    const subscription = new Subscription(session, { id, name, params, size, handler }, unblock)
    if (!session.keep(id, subscription)) throw new MeteorError('too-many-requests', 'Too many subscriptions')
    return await subscription.run()
  } catch (error) {
    session.nosub({ msg: 'nosub', id, error: toWireError(error, hub.ports.log, { publication: name, connectionId: session.id }) })
    return undefined
  }
}
