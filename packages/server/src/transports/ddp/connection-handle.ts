import type { Connection } from '../../wire/connection.ts'
import type { Session } from './session.ts'

/** A session, as an app's code may hold it. */
export class ConnectionHandle implements Connection {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  get id(): string {
    return this.#session.id
  }

  get clientAddress(): string | null {
    return this.#session.facts.clientAddress
  }

  get httpHeaders(): Readonly<Record<string, string>> {
    return this.#session.facts.httpHeaders
  }

  close(): void {
    this.#session.close()
  }

  onClose(listener: () => unknown): void {
    this.#session.onClose(listener)
  }

  /** The session behind a handle of ours. */
  static sessionOf(connection: Connection): Session | undefined {
    return connection instanceof ConnectionHandle ? connection.#session : undefined
  }
}

/** The session behind the handle of a connection; undefined when it is of another server. Not for apps: it can sign anybody in. */
export const sessionOf = (connection: Connection): Session | undefined => ConnectionHandle.sessionOf(connection)
