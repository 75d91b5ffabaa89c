import type { Command } from 'commander'
import { newSecret } from '../data/secret.ts'
import type { Io } from './io.ts'
import { printResult } from './output.ts'

export function addSecret(program: Command, io: Io): void {
  program
    .command('secret')
    .description('print a new secret: 256 random bits')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  latchkey secret > /run/secrets/latchkey && export LATCHKEY_SECRET_FILE=/run/secrets/latchkey

To change the secret of a running system, set the new one as LATCHKEY_SECRET and the old one as LATCHKEY_RETIRED_SECRETS: nobody is signed out.`,
    )
    .action((options: { json?: boolean }) => {
      const secret = newSecret()
      printResult(io, options.json, { secret }, secret)
    })
}
