/** The world as a command sees it, so that tests can hand it another one. */
import type { Readable } from 'node:stream'
import { EXIT, CommandFailure } from './exit.ts'

/** Where a command reads from and writes to. */
export interface Io {
  /** Results. */
  out(text: string): void
  /** Everything else: prompts, warnings, errors. */
  err(text: string): void
  stdin: Readable
  /** A person sits there and can be asked. */
  isInteractive: boolean
  /** Results go to a terminal. */
  isTerminal: boolean
  env: Readonly<Record<string, string | undefined>>
  /** Working folder. */
  folder: string
}

/** The process itself. */
export const processIo = (): Io => ({
  out: text => process.stdout.write(text),
  err: text => process.stderr.write(text),
  stdin: process.stdin,
  isInteractive: process.stdin.isTTY,
  isTerminal: process.stdout.isTTY,
  env: process.env,
  folder: process.cwd(),
})

/** Longest input that can be a password. */
const LONGEST = 4096

/**
 * Standard input to its end, without the line break at the end.
 * @throws CommandFailure when it is empty or longer than any password
 */
export async function readPasswordFrom(stdin: Readable): Promise<string> {
  let input = ''
  for await (const chunk of stdin) {
    input += String(chunk)
    if (input.length > LONGEST) throw new CommandFailure(EXIT.usage, 'standard input is too long to be a password')
  }
  const password = input.replace(/\r?\n$/, '')
  if (password === '')
    throw new CommandFailure(EXIT.usage, 'standard input is empty: pipe the password in, for example: printf %s "$PASSWORD" | latchkey …')
  return password
}

/** Asks a person for a password, twice. @throws CommandFailure when they cancel */
export async function askPassword(message: string): Promise<string> {
  const { isCancel, password } = await import('@clack/prompts')
  // Prompts go to stderr: stdout is for results.
  const first = await password({ message, output: process.stderr, validate: typed => (typed ? undefined : 'Please type a password') })
  if (isCancel(first)) throw cancelled()
  const second = await password({
    message: 'Once more',
    output: process.stderr,
    validate: typed => (typed === first ? undefined : 'That is not the same password'),
  })
  if (isCancel(second)) throw cancelled()
  return first
}

/** Asks a person to agree. @throws CommandFailure when they do not */
export async function askAgreement(message: string): Promise<void> {
  const { confirm, isCancel } = await import('@clack/prompts')
  const agreed = await confirm({ message, output: process.stderr, initialValue: false })
  if (isCancel(agreed) || !agreed) throw cancelled()
}

const cancelled = (): CommandFailure => new CommandFailure(EXIT.cancelled, 'Cancelled. Nothing was changed.')
