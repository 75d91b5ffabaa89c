import { AccountsError, isAccountsError } from '@latchkey/common'

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

/** The problems a {@link refusal} lists; any other error is one problem. */
export function problemsOf(error: Error): Problem[] {
  const problems = isAccountsError(error) ? error.details?.['problems'] : undefined
  // Put there by `refusal` alone.
  return Array.isArray(problems) ? (problems as Problem[]) : [{ what: error.message, fix: 'see the message' }]
}
