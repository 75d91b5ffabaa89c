/** An app's own ways to sign in, as Meteor's apps write them: a handler says who somebody is, and the login flow does the rest. */
import { AccountsError } from '@latchkey/common'
import { isMeteorError, MeteorError } from '@latchkey/common/meteor'
import type { Core } from '../core/core.ts'
import { passThrough } from '../core/hooks.ts'
import type { Factor } from '../core/session/session.ts'
import type { Proof, Strategy } from '../core/strategy.ts'
import { currentInvocation } from '../wire/invocation.ts'
import type { Invocation } from '../wire/invocation.ts'

/** What a handler answers when the options are its own. */
export interface LoginHandlerResult {
  /** Who it is. */
  userId?: string
  /** Why they are refused. With `userId` hooks learn whose account it was about. */
  error?: Error
  /** How hooks and the client know this login. @default the name of the handler */
  type?: string
  /** What the client is told beside `id`, `token`, `tokenExpires` and `type`. */
  options?: Record<string, unknown>
  /** Not used: every login gets a token of its own, which we make. */
  stampedLoginToken?: { token: string; when: Date }
}

type Answer = LoginHandlerResult | undefined | null | false
/** What `login` was called with, as it came. */
// Meteor types it so: it came from a client and may be anything.
// oxlint-disable-next-line typescript/no-explicit-any
type Options = any

/** Answers undefined when the options are not its own. */
export type LoginHandler = (this: Invocation, options: Options) => Answer | Promise<Answer>

/** What is asked: the options, or what the handler made of them already. */
type Asked = { options: unknown } | { answer: LoginHandlerResult }

const NOWHERE: Invocation = { userId: null, connection: null, transport: 'app' }

/**
 * A handler as a way to sign in: limits, second factor, deactivation and hooks apply to it as to any other. To find out whether it is meant it has to be
 * asked; that is counted as an attempt before, and what it answers is used once.
 */
export function handlerStrategy(name: string, handler: LoginHandler): Strategy<Asked> {
  let core: Core
  const ask = async (options: unknown): Promise<LoginHandlerResult | undefined> => {
    try {
      const answer = await handler.call(currentInvocation() ?? NOWHERE, options)
      if (answer === undefined) return undefined
      if (!answer) return { error: new MeteorError(400, 'A login handler should return a result or undefined') }
      return answer
    } catch (thrown) {
      return { error: thrown instanceof Error ? thrown : new Error(String(thrown)) }
    }
  }
  return {
    name,
    // What a handler makes of a `code` nobody else can know.
    ownCode: true,
    attach(given) {
      core = given
    },
    async recognize(options) {
      const answer = await ask(options)
      return answer && { answer }
    },
    parse: options => (typeof options === 'object' && options !== null ? { options } : undefined),
    async authenticate(asked): Promise<Proof | undefined> {
      const answer = 'answer' in asked ? asked.answer : await ask(asked.options)
      if (!answer) return undefined
      const { userId, error, type, options } = answer
      const refusal = error && shown(error)
      if (typeof userId !== 'string' || userId === '')
        throw refusal ?? new Error(`The login handler "${name}" answered neither userId nor error`)
      // What a handler proves is unknown; of the second factor's kind it must not be.
      const factor: Factor = { name, kind: 'knows', at: core.clock.now() }
      return {
        userId,
        factor,
        ...(refusal ? { error: refusal } : {}),
        ...(typeof type === 'string' && type !== '' ? { began: type } : {}),
        ...(options ? { options: withoutOurs(options) } : {}),
      }
    },
  }
}

/** Errors of Meteor and ours are made to be read; of any other the client learns only that it happened. */
function shown(error: Error): AccountsError {
  return isMeteorError(error)
    ? passThrough(error)
    : error instanceof AccountsError
      ? error
      : new AccountsError('AppError', { cause: error })
}

/** What the login itself answers a handler cannot. */
function withoutOurs(options: Record<string, unknown>): Record<string, unknown> {
  const { id: _id, token: _token, tokenExpires: _expires, type: _type, ...others } = options
  return others
}
