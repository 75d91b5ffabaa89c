import type { ClientState } from '../accounts-client.ts'
import type { OwnSource, Source } from '../source.ts'
import type { ClientUser } from './user.ts'

/** What a method answers that signs in. */
export interface MethodLogin {
  id: string
  token: string
  tokenExpires: Date
  type?: string
  /** From methods of ours: which of the user's sessions it is. */
  sessionId?: string
}

/** A method that signs in: Meteor's name and parameters of it, whatever the wire. */
export interface LoginCall {
  /** @default 'login' */
  methodName?: string
  /** @default [{}] */
  methodArguments?: readonly unknown[]
  /** May throw: then nobody is signed in. */
  validateResult?: (result: MethodLogin) => void
  userCallback?: (error?: unknown, result?: Partial<MethodLogin>) => void
  /** True: {@link Progress.loggingIn} stays as it is. @default false */
  _suppressLoggingIn?: boolean
}

/** What is under way. */
export interface Progress {
  readonly loggingIn: OwnSource<boolean>
  readonly loggingOut: OwnSource<boolean>
}

/** What an accounts client needs of a wire: DDP does it one way, REST and GraphQL another. */
export interface Side {
  readonly state: Source<ClientState>
  readonly userId: Source<string | null>
  readonly user: Source<ClientUser | null>
  /** `loggingIn` is true when this returns. Ends in the call's callback. */
  login(call: LoginCall): void
  /** `loggingOut` is true when this returns. */
  logout(): Promise<void>
  logoutOtherClients(): Promise<void>
  /** A method that signs nobody in, by Meteor's name. */
  call(name: string, ...params: unknown[]): Promise<unknown>
  /** What is sent for a password. */
  secret(password: string): unknown
}
