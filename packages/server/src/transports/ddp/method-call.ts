/** Methods: called by a client, or by the server itself. */
import { EJSON, MeteorError } from '@latchkey/common/ddp'
import type { MethodMessage } from '@latchkey/common/ddp'
import type { Connection } from '../../wire/connection.ts'
import { currentInvocation, runInvocation } from '../../wire/invocation.ts'
import type { Invocation } from '../../wire/invocation.ts'
import { toWireError } from './errors.ts'
import type { Hub } from './hub.ts'
import { readParams } from './read-message.ts'
import type { Session } from './session.ts'
import type { MethodInvocation } from './types.ts'

/** Answers a client's call: whatever happens, both `result` and `updated` are sent, because clients wait for both. Never rejects. */
export async function answerMethod(session: Session, message: MethodMessage, unblock: () => void): Promise<void> {
  const { hub } = session
  const { id, method: name } = message
  const about = { method: name, connectionId: session.id }
  const handler = hub.methods.get(name)
  if (!handler) {
    const error = toWireError(unknownMethod(name), hub.ports.log, about)
    session.send({ msg: 'result', id, error })
    session.send({ msg: 'updated', methods: [id] })
    return
  }
  const outcome: { error?: ReturnType<typeof toWireError>; result?: unknown } = {}
  try {
    const call = new MethodCall(name, readParams(message), session, unblock, message.randomSeed)
    await hub.admit('method', name, session)
    const result: unknown = await runInvocation<unknown>(call, () => handler.apply(call, call.methodArguments))
    // By value: what the app changes afterwards is not what the client is sent.
    const json = EJSON.toJSONValue(result)
    if (json !== undefined) outcome.result = json
  } catch (error) {
    outcome.error = toWireError(error, hub.ports.log, about)
  }
  await hub.settle(session)
  session.send({ msg: 'updated', methods: [id] })
  session.send({ msg: 'result', id, ...outcome })
}

/**
 * Calls a method from the server's own code. Inside of another method, or of a publication, the call is made on behalf of the same client.
 * @throws MeteorError 404 for an unknown method, and whatever the method throws, as it is
 */
export async function callMethod(hub: Hub, name: string, params: readonly unknown[]): Promise<unknown> {
  const handler = hub.methods.get(name)
  if (!handler) throw unknownMethod(name)
  const around = currentInvocation()
  const call = new MethodCall(name, EJSON.clone([...params]), around ?? null)
  return EJSON.clone(await runInvocation<unknown>(call, () => handler.apply(call, call.methodArguments)))
}

/** As Meteor says it. */
export const unknownMethod = (name: string): MeteorError => new MeteorError(404, `Method '${name}' not found`)

/** What `this` is in a method. */
class MethodCall implements MethodInvocation, Invocation {
  readonly transport = 'ddp'
  readonly isSimulation = false
  readonly methodName: string
  readonly methodArguments: unknown[]
  readonly connection: Connection | null
  declare readonly randomSeed?: string
  readonly #by: Session | Invocation | null
  readonly #unblock: (() => void) | undefined
  #userId: string | null
  #isUnblocked = false

  constructor(name: string, params: unknown[], by: Session | Invocation | null, unblock?: () => void, randomSeed?: string) {
    this.methodName = name
    this.methodArguments = params
    this.#by = by
    this.connection = by?.connection ?? null
    this.#userId = by?.userId ?? null
    this.#unblock = unblock
    if (randomSeed !== undefined) this.randomSeed = randomSeed
  }

  get userId(): string | null {
    return this.#userId
  }

  async setUserId(id: string | null): Promise<void> {
    if (id !== null && typeof id !== 'string') throw new TypeError('setUserId takes a string or null')
    if (this.#isUnblocked) throw new Error('setUserId cannot be called after unblock: the next message may have begun already')
    if (this.#by instanceof MethodCall) await this.#by.setUserId(id)
    else if (this.#unblock) await (this.#by as Session).setUserId(id)
    else throw new Error('setUserId cannot be called where the server itself made the call')
    this.#userId = id
  }

  unblock(): void {
    if (!this.#unblock) return
    this.#isUnblocked = true
    this.#unblock()
  }
}
