import { AccountsError } from '@latchkey/common'

/** Something the operator has to put right, and how. */
export interface Problem {
  what: string
  /** The exact thing to do. */
  fix: string
}

/** An error that lists every problem at once, so that nobody has to start five times to find five of them. */
export function refusal(heading: string, problems: readonly Problem[]): AccountsError {
  const lines = problems.flatMap(({ what, fix }) => [`  - ${what}`, `    Fix: ${fix}`])
  return new AccountsError('InvalidSettings', { message: [heading, ...lines].join('\n'), details: { problems } })
}
