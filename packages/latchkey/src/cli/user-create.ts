import type { Command } from 'commander'
import { COMMAND_LINE } from '../serve/assemble.ts'
import { CommandFailure, EXIT } from './exit.ts'
import { askPassword, readPasswordFrom } from './io.ts'
import type { Io } from './io.ts'
import { withSettings } from './options.ts'
import type { SharedOptions } from './options.ts'
import { printResult } from './output.ts'
import { withAccounts } from './store.ts'
import { nameOf, userView } from './user.ts'

interface CreateOptions extends SharedOptions {
  email?: string
  username?: string
  verified?: boolean
  passwordStdin?: boolean
  invite?: boolean
  /** False: `--no-password`. */
  password: boolean
}

export function addUserCreate(parent: Command, io: Io): void {
  withSettings(parent.command('create').description('create a user, also while sign-ups are off'), 'store')
    .option('--email <address>', 'e-mail address')
    .option('--username <name>', 'username')
    .option('--verified', 'take the e-mail address as verified')
    .option('--password-stdin', 'read the password from standard input instead of asking')
    .option('--invite', 'set no password, but mail a link to choose one')
    .option('--no-password', 'set no password and send no mail')
    .addHelpText(
      'after',
      `
Examples:
  latchkey user create --email ada@example.org
  latchkey user create --email ada@example.org --invite
  printf %s "$PASSWORD" | latchkey user create --username ada --password-stdin --json`,
    )
    .action(async (options: CreateOptions) => create(options, io))
}

async function create(options: CreateOptions, io: Io): Promise<void> {
  const { email, username, verified = false, invite = false } = options
  if (email === undefined && username === undefined) throw new CommandFailure(EXIT.usage, 'a user needs --email or --username')
  if (invite && email === undefined) throw new CommandFailure(EXIT.usage, '--invite needs --email: that is where the link goes')
  const password = await passwordFor(options, io)
  const user = await withAccounts(
    options,
    io,
    async accounts => {
      const user = await accounts.createUser(
        {
          emailVerified: verified,
          ...(email === undefined ? {} : { email }),
          ...(username === undefined ? {} : { username }),
          ...(password === undefined ? {} : { password }),
        },
        COMMAND_LINE,
      )
      if (invite) await accounts.sendEnrollmentEmail(email, COMMAND_LINE)
      return user
    },
    { creates: true, mails: invite },
  )
  printResult(
    io,
    options.json,
    { user: userView(user), invited: invite },
    `Created ${nameOf(user)} (${user.id})${invite ? ' and mailed a link' : ''}.`,
  )
}

/** From standard input, from the person, or none when that was asked for. Never from the command line, which other users can read. */
async function passwordFor({ passwordStdin, invite, password }: CreateOptions, io: Io): Promise<string | undefined> {
  const ways = [passwordStdin, invite, !password].filter(Boolean).length
  if (ways > 1) throw new CommandFailure(EXIT.usage, 'use one of --password-stdin, --invite and --no-password')
  if (passwordStdin) return readPasswordFrom(io.stdin)
  if (ways === 1) return undefined
  if (!io.isInteractive)
    throw new CommandFailure(EXIT.usage, 'nobody can be asked for a password here: use --password-stdin, --invite or --no-password')
  return askPassword('Password')
}
