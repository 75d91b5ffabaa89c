/** Exit codes. Scripts rely on them, so a number keeps its meaning for ever. */
import { ERRORS, isAccountsError } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'

export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3, refused: 4, configuration: 5, schema: 6, cancelled: 130 } as const
/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What each code means, for `--help` and the documentation. */
export const EXIT_MEANINGS: readonly (readonly [code: ExitCode, meaning: string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.failed, 'failed: something does not work or cannot be reached (database, port, mail server, a check of doctor)'],
  [EXIT.usage, 'the command line is wrong'],
  [EXIT.notFound, 'there is no such user or session'],
  [EXIT.refused, 'refused: the address is taken, the password too weak, …'],
  [EXIT.configuration, 'the configuration is wrong, or not safe enough for production'],
  [EXIT.schema, 'the database schema is not the one this version needs'],
  [EXIT.cancelled, 'cancelled at a prompt'],
]

/** A command that ends with a message and a code. */
export class CommandFailure extends Error {
  readonly exit: ExitCode

  constructor(exit: ExitCode, message: string) {
    super(message)
    this.exit = exit
  }
}

const OWN_CODES: Partial<Record<ErrorCode, ExitCode>> = {
  InvalidSettings: EXIT.configuration,
  SchemaOutdated: EXIT.schema,
  UserNotFound: EXIT.notFound,
  SessionNotFound: EXIT.notFound,
}

/** The exit code for whatever a command threw. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandFailure) return error.exit
  if (!isAccountsError(error)) return EXIT.failed
  return OWN_CODES[error.code] ?? (ERRORS[error.code].status < 500 ? EXIT.refused : EXIT.failed)
}
