/** The `latchkey` command. */
import { Command, CommanderError } from 'commander'
import { VERSION } from '../version.ts'
import { addDoctor, DoctorFailure } from './doctor.ts'
import { EXIT, EXIT_MEANINGS, exitCodeOf } from './exit.ts'
import { addImport } from './import.ts'
import type { Io } from './io.ts'
import { addMigrate } from './migrate.ts'
import { printError } from './output.ts'
import { addSecret } from './secret.ts'
import { addServe } from './serve.ts'
import { addUser } from './user.ts'

/** Runs one command line and returns its exit code. Never throws. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const program = makeProgram(io)
  if (args.length === 0) {
    program.outputHelp()
    return EXIT.ok
  }
  try {
    await program.parseAsync([...args], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    // Commander has printed help, version or its complaint.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (!(error instanceof DoctorFailure)) printError(io, args.includes('--json'), error)
    return exitCodeOf(error)
  }
}

/** The command line with all its commands. */
export function makeProgram(io: Io): Command {
  const program = new Command('latchkey')
    .description('Accounts server: sign-up, sign-in and sessions for your apps.')
    .version(VERSION, '-v, --version')
    .exitOverride()
    .showHelpAfterError('(add --help for help)')
    .configureOutput({ writeOut: text => io.out(text), writeErr: text => io.err(text) })
    .addHelpText(
      'after',
      `
Exit codes:
${EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(5)}${meaning}`).join('\n')}

Examples:
  latchkey serve                           a server on http://localhost:3000, with everything in ./data
  latchkey user create --email ada@example.org
  latchkey doctor                          what is wrong, and how to put it right`,
    )
  addServe(program, io)
  addMigrate(program, io)
  addDoctor(program, io)
  addSecret(program, io)
  addUser(program, io)
  addImport(program, io)
  return program
}
