/** One finding of `doctor`. */
export interface Check {
  /** What was looked at. Scripts match on it: names are added, never changed. */
  name: CheckName
  /** `skip`: could not be looked at, because something before it failed or it does not apply. Only `fail` changes the exit code. */
  status: 'ok' | 'warn' | 'fail' | 'skip'
  message: string
  /** What to do; absent when there is nothing to. */
  fix?: string
}

export const CHECKS = [
  'node',
  'configuration',
  'data-folder',
  'secret',
  'base-url',
  'host',
  'proxies',
  'cors',
  'rate-limits',
  'database',
  'schema',
  'clock',
  'commit-time',
  'mail',
] as const
/** Everything `doctor` looks at. */
export type CheckName = (typeof CHECKS)[number]

export const ok = (name: CheckName, message: string): Check => ({ name, status: 'ok', message })
export const warn = (name: CheckName, message: string, fix: string): Check => ({ name, status: 'warn', message, fix })
export const fail = (name: CheckName, message: string, fix: string): Check => ({ name, status: 'fail', message, fix })
export const skip = (name: CheckName, message: string): Check => ({ name, status: 'skip', message })
