/** A method as accounts write it: told who calls and from where, and what it throws is said in words for clients. */
import type { Accounts } from '../../../core/accounts.ts'
import type { Core } from '../../../core/core.ts'
import type { SessionAndUser } from '../../../core/session/session.ts'
import type { Origin } from '../../../core/strategy.ts'
import { unknownMethod } from '../method-call.ts'
import type { MethodHandler, MethodInvocation } from '../types.ts'
import { toMeteorError } from './errors.ts'
import type { Manner } from './errors.ts'
import type { AccountsOnDdp } from './ports.ts'
import type { Held, SignedIn } from './signed-in.ts'

/** One call of a method, as a deed is told of it. */
export interface DeedCall {
  readonly accounts: Accounts
  readonly on: AccountsOnDdp
  readonly signedIn: SignedIn
  readonly invocation: MethodInvocation
  readonly origin: Origin
  /** The live session of the connection; null when it has none, or when the app's own code says that it is somebody else's, or nobody's. Asked anew at each call. */
  who(): Promise<SessionAndUser | null>
}

/** What a method does. What the client sent may be anything. */
export type Deed = (call: DeedCall, ...params: readonly unknown[]) => unknown

/**
 * Deeds that need a service which not every server has. Without it there is no such method, as on a server of Meteor's without that package. Asked at each call:
 * services can be added later.
 */
export function deedsWith(isOffered: (core: Core) => boolean, deeds: Readonly<Record<string, Deed>>): Readonly<Record<string, Deed>> {
  return Object.fromEntries(
    Object.entries(deeds).map(([name, deed]) => {
      const guarded: Deed = (call, ...params) => {
        if (!isOffered(call.accounts.core)) throw unknownMethod(name)
        return deed(call, ...params)
      }
      return [name, guarded]
    }),
  )
}

/** An object with names, and no list: what clients send options in. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The deeds as methods of a DDP server. */
export function methodsOf(
  on: AccountsOnDdp,
  signedIn: SignedIn,
  deeds: Readonly<Record<string, Deed>>,
  manner: Manner,
): Record<string, MethodHandler> {
  const { accounts } = on
  return Object.fromEntries(
    Object.entries(deeds).map(([name, deed]) => {
      const handler: MethodHandler = async function (...params: unknown[]) {
        try {
          return await deed(callOf(on, signedIn, this), ...params)
        } catch (error) {
          throw toMeteorError(accounts.core.settings, error, manner)
        }
      }
      return [name, handler]
    }),
  )
}

function callOf(on: AccountsOnDdp, signedIn: SignedIn, invocation: MethodInvocation): DeedCall {
  const { accounts } = on
  const { connection } = invocation
  const held = (): Held | undefined => {
    const found = signedIn.of(connection)
    return found?.user.id === invocation.userId ? found : undefined
  }
  const session = held()?.session
  return {
    accounts,
    on,
    signedIn,
    invocation,
    origin: {
      ip: connection?.clientAddress ?? '',
      userAgent: (connection?.httpHeaders['user-agent'] ?? '').slice(0, LONGEST_AGENT),
      connectionId: connection?.id ?? '',
      // Without a connection the app itself calls.
      transport: connection ? 'ddp' : 'app',
      ...(session ? { session } : {}),
      extra: {},
    },
    who: async () => (held() ? signedIn.check(connection) : null),
  }
}

const LONGEST_AGENT = 512
