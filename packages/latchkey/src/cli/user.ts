/** `latchkey user …`: what an operator does to users. Effective in a running server with its very next request on the same SQLite file. */
import type { Command } from 'commander'
import type { SessionInfo } from '@latchkey/common'
import type { User } from '@latchkey/server'
import { COMMAND_LINE } from '../serve/assemble.ts'
import { CommandFailure, EXIT } from './exit.ts'
import { askAgreement, askPassword, readPasswordFrom } from './io.ts'
import type { Io } from './io.ts'
import { withSettings } from './options.ts'
import type { SharedOptions } from './options.ts'
import { facts, printResult, table } from './output.ts'
import { findUser, withAccounts } from './store.ts'
import { addUserCreate } from './user-create.ts'

const WHO = 'id, e-mail address or username'

export function addUser(program: Command, io: Io): void {
  const user = program.command('user').description('look at users and change them').helpCommand(false)
  addUserCreate(user, io)
  addList(user, io)
  addShow(user, io)
  addSwitch(user, io, 'deactivate', 'end all sessions of a user and refuse further ones')
  addSwitch(user, io, 'activate', 'let a deactivated user sign in again')
  addSetPassword(user, io)
  addRemoveTwoFactor(user, io)
  addSessions(user, io)
  addRevoke(user, io)
  addDelete(user, io)
}

function addList(parent: Command, io: Io): void {
  withSettings(parent.command('list').description('list users by id'), 'store')
    .option('--search <text>', 'only those whose e-mail address or username begins with this')
    .option('--limit <number>', 'at most so many, up to 1000', '50')
    .option('--after <id>', 'go on after this user: "next" of the page before')
    .addHelpText('after', '\nExamples:\n  latchkey user list --search ada\n  latchkey user list --json --limit 1000 | jq -r ".users[].id"')
    .action(async (options: SharedOptions & { search?: string; limit: string; after?: string }) => {
      const limit = Number(options.limit)
      if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
        throw new CommandFailure(EXIT.usage, '--limit must be a whole number from 1 to 1000')
      const { search, after } = options
      const page = { limit: limit + 1, ...(search === undefined ? {} : { search }), ...(after === undefined ? {} : { after }) }
      const found = await withAccounts(options, io, accounts => accounts.listUsers(page))
      const users = found.slice(0, limit)
      const next = found.length > limit ? (users.at(-1)?.id ?? null) : null
      const rows = users.map(({ id, username, emails, deactivatedAt, createdAt }) => [
        id,
        username ?? '-',
        emails[0]?.address ?? '-',
        deactivatedAt === undefined ? 'active' : 'deactivated',
        day(createdAt),
      ])
      const more = next === null ? '' : `\n\nMore: latchkey user list --after ${next}`
      const human = users.length === 0 ? 'No users.' : table(['ID', 'USERNAME', 'E-MAIL', 'STATE', 'CREATED'], rows) + more
      printResult(io, options.json, { users: users.map(userView), next }, human)
    })
}

function addShow(parent: Command, io: Io): void {
  withSettings(parent.command('show').description('show one user').argument('<who>', WHO), 'store')
    .addHelpText('after', '\nExamples:\n  latchkey user show ada@example.org')
    .action(async (who: string, options: SharedOptions) => {
      const { user, sessions } = await withAccounts(options, io, async accounts => {
        const user = await findUser(accounts, who)
        return { user, sessions: await accounts.userSessions(user.id) }
      })
      const emails = user.emails.map(({ address, verified }) => `${address}${verified ? '' : ' (not verified)'}`)
      const human = facts([
        ['Id', user.id],
        ['Username', user.username ?? '-'],
        ['E-mail', emails.join(', ') || '-'],
        ['State', user.deactivatedAt === undefined ? 'active' : `deactivated since ${time(user.deactivatedAt)}`],
        ['Created', time(user.createdAt)],
        ['Sessions', String(sessions.length)],
      ])
      printResult(io, options.json, { user: userView(user), sessions: sessions.length }, human)
    })
}

function addSwitch(parent: Command, io: Io, verb: 'activate' | 'deactivate', summary: string): void {
  withSettings(parent.command(verb).description(summary).argument('<who>', WHO), 'store')
    .addHelpText('after', `\nExamples:\n  latchkey user ${verb} ada@example.org`)
    .action(async (who: string, options: SharedOptions) => {
      const user = await withAccounts(options, io, async accounts => {
        const { id } = await findUser(accounts, who)
        await (verb === 'activate' ? accounts.activateUser(id, COMMAND_LINE) : accounts.deactivateUser(id, COMMAND_LINE))
        return findUser(accounts, id)
      })
      const outcome = verb === 'activate' ? 'can sign in' : 'is deactivated; all sessions have ended'
      printResult(io, options.json, { user: userView(user) }, `${nameOf(user)} ${outcome}.`)
    })
}

function addSetPassword(parent: Command, io: Io): void {
  withSettings(parent.command('set-password').description('set a password and end all sessions').argument('<who>', WHO), 'store')
    .option('--password-stdin', 'read the password from standard input instead of asking')
    .addHelpText(
      'after',
      '\nExamples:\n  latchkey user set-password ada\n  pass show ada | latchkey user set-password ada --password-stdin',
    )
    .action(async (who: string, options: SharedOptions & { passwordStdin?: boolean }) => {
      if (!options.passwordStdin && !io.isInteractive)
        throw new CommandFailure(EXIT.usage, 'nobody can be asked for the password here: use --password-stdin')
      const given = options.passwordStdin ? await readPasswordFrom(io.stdin) : undefined
      const user = await withAccounts(options, io, async accounts => {
        const user = await findUser(accounts, who)
        await accounts.setPassword(user.id, given ?? (await askPassword(`New password of ${nameOf(user)}`)), COMMAND_LINE)
        return user
      })
      printResult(io, options.json, { user: userView(user) }, `${nameOf(user)} has a new password; all sessions have ended.`)
    })
}

function addRemoveTwoFactor(parent: Command, io: Io): void {
  withSettings(
    parent
      .command('remove-two-factor')
      .description('let a user who has lost app and recovery codes sign in without')
      .argument('<who>', WHO),
    'store',
  )
    .addHelpText(
      'after',
      '\nMake sure first that it is really them who asks.\n\nExamples:\n  latchkey user remove-two-factor ada@example.org',
    )
    .action(async (who: string, options: SharedOptions) => {
      const { user, removed } = await withAccounts(options, io, async accounts => {
        const user = await findUser(accounts, who)
        return { user, removed: await accounts.removeTwoFactor(user.id, COMMAND_LINE) }
      })
      const outcome = removed ? 'signs in without a code now, and is told so by mail' : 'has no second factor'
      printResult(io, options.json, { removed }, `${nameOf(user)} ${outcome}.`)
    })
}

function addSessions(parent: Command, io: Io): void {
  withSettings(parent.command('sessions').description('list the live sessions of a user').argument('<who>', WHO), 'store')
    .addHelpText('after', '\nExamples:\n  latchkey user sessions ada@example.org --json')
    .action(async (who: string, options: SharedOptions) => {
      const sessions = await withAccounts(options, io, async accounts => accounts.userSessions((await findUser(accounts, who)).id))
      const rows = sessions.map(({ id, device, ip, createdAt, activeAt }) => [
        id,
        device,
        ip ?? '-',
        shortTime(createdAt),
        shortTime(activeAt),
      ])
      const human = sessions.length === 0 ? 'No sessions.' : table(['SESSION', 'DEVICE', 'ADDRESS', 'SIGNED IN', 'LAST ACTIVE'], rows)
      printResult(io, options.json, { sessions: sessions.map(sessionView) }, human)
    })
}

function addRevoke(parent: Command, io: Io): void {
  withSettings(parent.command('revoke').description('end all sessions of a user, or one').argument('<who>', WHO), 'store')
    .option('--session <id>', 'only this one')
    .addHelpText('after', '\nExamples:\n  latchkey user revoke ada@example.org\n  latchkey user revoke ada@example.org --session 5pSlmx…')
    .action(async (who: string, options: SharedOptions & { session?: string }) => {
      const { session } = options
      const { user, ended } = await withAccounts(options, io, async accounts => {
        const user = await findUser(accounts, who)
        if (session !== undefined && !(await accounts.userSessions(user.id)).some(({ id }) => id === session)) {
          throw new CommandFailure(EXIT.notFound, `${nameOf(user)} has no live session ${JSON.stringify(session)}`)
        }
        return { user, ended: await accounts.revoke(session === undefined ? { userId: user.id } : { sessionId: session }, COMMAND_LINE) }
      })
      printResult(io, options.json, { ended }, `Ended ${ended} ${ended === 1 ? 'session' : 'sessions'} of ${nameOf(user)}.`)
    })
}

function addDelete(parent: Command, io: Io): void {
  withSettings(parent.command('delete').description('delete a user and everything kept about them').argument('<who>', WHO), 'store')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      '\nThe audit trail keeps what happened, without address and device.\n\nExamples:\n  latchkey user delete ada@example.org --yes',
    )
    .action(async (who: string, options: SharedOptions & { yes?: boolean }) => {
      if (!options.yes && !io.isInteractive) throw new CommandFailure(EXIT.usage, 'nobody can be asked to agree here: use --yes')
      const user = await withAccounts(options, io, async accounts => {
        const user = await findUser(accounts, who)
        if (!options.yes) await askAgreement(`Delete ${nameOf(user)} (${user.id})? This cannot be undone.`)
        await accounts.deleteUser(user.id, COMMAND_LINE)
        return user
      })
      printResult(io, options.json, { deleted: user.id }, `${nameOf(user)} is deleted.`)
    })
}

/** A user in `--json`. Fields are added, never renamed. */
export const userView = ({ id, username, emails, deactivatedAt, createdAt, updatedAt, custom }: User): Record<string, unknown> => ({
  id,
  username: username ?? null,
  emails: emails.map(({ address, verified }) => ({ address, verified })),
  deactivatedAt: deactivatedAt === undefined ? null : time(deactivatedAt),
  createdAt: time(createdAt),
  updatedAt: time(updatedAt),
  custom,
})

const sessionView = ({ current: _never, ...session }: SessionInfo): Omit<SessionInfo, 'current'> => session

/** What people call the user. */
export const nameOf = ({ id, username, emails }: User): string => username ?? emails[0]?.address ?? id

const time = (at: number): string => new Date(at).toISOString()
const day = (at: number): string => time(at).slice(0, 10)
const shortTime = (iso: string): string => iso.slice(0, 16).replace('T', ' ')
