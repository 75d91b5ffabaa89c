/** The pages of `docs/` that are made from the code they describe. A test compares them; `npx vitest run packages/latchkey -u` writes them anew. */
import type { Command } from 'commander'
import { defaultOf } from '../src/cli/options.ts'
import { makeProgram } from '../src/cli/program.ts'
import { EXIT_MEANINGS } from '../src/cli/exit.ts'
import { CHECKS } from '../src/doctor/check.ts'
import { KEYS, REFUSED, TABLE } from '../src/config/table.ts'
import type { Config, Row } from '../src/config/table.ts'

const MADE = (source: string): string =>
  `<!-- Made from ${source} by packages/latchkey/testing/pages.ts. Change it there, then: npx vitest run packages/latchkey/testing -u -->`

/** `docs/configuration.md`. */
export function configurationPage(): string {
  const secrets = KEYS.filter(key => TABLE[key].secret).map(key => `\`${TABLE[key].env}_FILE\``)
  return `${MADE('packages/latchkey/src/config/table.ts')}

# Configuration of the standalone server

Nothing has to be set to try it: \`npm start\` serves on http://localhost:3000 and keeps everything in \`./data\`. What can be set, can be set in three
places: **a flag wins over the environment, the environment over the config file, the file over the default.**

\`latchkey doctor\` shows what is in force, where it comes from, and what is wrong with it. A name that does not exist (a misspelt \`LATCHKEY_…\` variable
or key of the file) stops the start and is answered with the nearest name that does.

| File | Environment | Flag | Takes | Default | What it is |
| --- | --- | --- | --- | --- | --- |
${KEYS.map(tableRow).join('\n')}

* **Secrets from files.** ${secrets.join(', ')} name a file whose content is the value, as Docker and Kubernetes mount them. Line breaks and spaces
  at its ends do not count.
* **Durations** are written \`500ms\`, \`30s\`, \`90m\`, \`12h\`, \`7d\` or \`2w\`; a number in the file counts milliseconds.
* **Lists** are separated by commas; in the file they can be lists.
* **An empty variable** (\`PORT=\`) is the same as none.
${Object.entries(REFUSED)
  .map(([name, why]) => `* **\`${name}\`** is refused: ${why}`)
  .join('\n')}

## The config file

\`latchkey.config.json\`, \`latchkey.config.js\`, \`latchkey.config.mjs\` or \`latchkey.config.ts\` in the working folder, or whatever \`--config\` or
\`LATCHKEY_CONFIG\` names. Two of them side by side are refused. TypeScript needs a Node that reads it (22.18 or later). A relative \`data\` folder in
the file is relative to the file.

\`\`\`js
// latchkey.config.mjs
export default {
  baseUrl: 'https://accounts.example.org',
  mailFrom: 'Example <accounts@example.org>',
  corsOrigins: ['https://app.example.org'],
  sessionIdle: '14d',
}
\`\`\`

## The data folder

| File | What it is |
| --- | --- |
| \`latchkey.db\`, \`latchkey.db-wal\`, \`latchkey.db-shm\` | the SQLite database, unless \`DATABASE_URL\` names another |
| \`secret\` | signs tokens and seals what must be read again, unless \`LATCHKEY_SECRET\` is set; mode 0600 |
| \`mailbox.jsonl\` | mail that was caught, in development |

Back up the database and the secret: without the secret everybody has to sign in again, and second factors and tokens of providers, sealed under it, cannot be opened. How to do both, and everything
else a running server needs, is in [Operating](operating.md). To change the secret of a running system, set a new one (\`latchkey
secret\`) as \`LATCHKEY_SECRET\` and put the old one into \`LATCHKEY_RETIRED_SECRETS\`; nobody is signed out.

### A key pair

When other services are to check access tokens by themselves, let the secret be a private key: Ed25519, P-256, P-384, P-521, or RSA of 2048 bits or more, as PEM,
without a passphrase. Tokens are then signed with it, and \`/.well-known/jwks.json\` shows the public half. With a secret it is empty.

\`\`\`sh
(umask 077; openssl genpkey -algorithm ed25519 -out /run/secrets/latchkey.pem)
LATCHKEY_SECRET_FILE=/run/secrets/latchkey.pem LATCHKEY_RETIRED_SECRETS_FILE=/run/secrets/retired latchkey serve
\`\`\`

Everything else the secret does, the key does too, so back it up like one, and change it like one: put the old secret, or the old private key, into
\`LATCHKEY_RETIRED_SECRETS\`. Secrets and keys can stand there together. A public key there is one to come, or one whose private half is gone: what it signed stays good,
what was sealed under it cannot be read. Where a line break cannot be written, \`\\n\` may stand for it.

Do not put \`latchkey.db\` on a network drive: SQLite needs the locks of a local one. Several machines share a PostgreSQL instead.

## Production

\`NODE_ENV=production\` (or \`production: true\` in the file) refuses to start, with exit code 5 and the fix in the message, while

* a secret is weak (under 32 bytes of randomness), or its file can be read by others (a key that is weak or of no use refuses everywhere),
* the base URL is missing or not https,
* there is no mail server,
* rate limits are off.

It then answers with \`Strict-Transport-Security\`, and there is no \`/dev\`.

\`\`\`sh
NODE_ENV=production \\
LATCHKEY_BASE_URL=https://accounts.example.org \\
LATCHKEY_TRUSTED_PROXIES=127.0.0.1 \\
LATCHKEY_MAIL_FROM='Example <accounts@example.org>' \\
SMTP_URL_FILE=/run/secrets/smtp \\
DATABASE_URL_FILE=/run/secrets/database \\
LATCHKEY_DATA=/var/lib/latchkey \\
  latchkey serve
\`\`\`

## Development

* Mail is caught. \`/dev/mailbox\` shows it, and \`/dev/mailbox.json\` lists it as \`{ to, from, subject, text, html, date }\`, newest last. Set \`SMTP_URL\` to
  send it.
* \`/dev/*\` answers only a browser on the same machine that asked for a localhost address, also when the server listens on all addresses. A forwarding
  header (\`X-Forwarded-For\`, \`X-Real-IP\`, \`Forwarded\`) never opens it; one that names another machine closes it.

## In your own program

\`startStandalone\` takes the same settings by the names of the file. It reads neither environment nor config file.

\`\`\`ts no-run
import { startStandalone } from 'latchkey'

const server = await startStandalone({ port: 0, data: './data', signUp: false })
console.log(server.url)
await server.stop()
\`\`\`
`
}

function tableRow(key: keyof Config): string {
  const row: Row<unknown> = TABLE[key]
  const flag = row.flag === undefined ? '' : `\`${row.flag.replaceAll('|', '\\|')}\``
  const fallback = row.otherwise ?? `\`${defaultOf(row)}\``
  return `| \`${key}\` | \`${row.env}\` | ${flag} | ${row.takes} | ${fallback} | ${row.summary} |`
}

/** `docs/cli.md`. */
export function commandPage(): string {
  const program = makeProgram({
    out: () => {},
    err: () => {},
    stdin: process.stdin,
    isInteractive: false,
    isTerminal: false,
    env: {},
    folder: '/',
  })
  return `${MADE('the commands in packages/latchkey/src/cli')}

# The \`latchkey\` command

\`\`\`sh
npx latchkey --help          # or \`node packages/latchkey/dist/bin.js\` in a clone
\`\`\`

Every command works beside a running server on the same data. On the same SQLite file, what it changes counts with the server's very next request; on the
same PostgreSQL, within a second.

## For scripts

* \`--json\` prints exactly one JSON document on standard output, also when the command fails: \`{ "error": { "code", "message" } }\`. Fields are added over
  time, never renamed. With \`serve\` it makes the log lines JSON.
* Warnings and prompts go to standard error. When standard input is no terminal, nothing is ever asked: what would be is an error that names the option to
  use.
* Passwords come from a prompt or from standard input (\`--password-stdin\`), never from the command line, which other users of the machine can read.
* Users are named by id, e-mail address or username, looked up in this order.

| Exit code | Meaning |
| --- | --- |
${EXIT_MEANINGS.map(([code, meaning]) => `| ${code} | ${meaning} |`).join('\n')}

\`doctor --json\` answers \`{ ok, checks: [{ name, status, message, fix? }], configuration }\`, where \`status\` is \`ok\`, \`warn\`, \`fail\` or \`skip\`, and \`name\` one of
${CHECKS.map(name => `\`${name}\``).join(', ')}.

${leaves(program).map(section).join('\n')}`
}

const leaves = (command: Command): Command[] => (command.commands.length === 0 ? [command] : command.commands.flatMap(leaves))

function section(command: Command): string {
  const names = []
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name())
  let help = ''
  command.configureOutput({ writeOut: text => (help += text), getOutHelpWidth: () => 140 })
  command.outputHelp()
  return `## ${names.join(' ')}\n\n\`\`\`text\n${help.trim()}\n\`\`\`\n`
}
