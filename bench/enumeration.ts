/**
 * Can the clock tell who has an account? Measures every answer that must not, over REST with the real hashes, on a store that mixes forms, as somebody would
 * who has one connection and all the patience in the world: each kind of account in turn, in a new order each round. Medians must agree within 5 %, or within a fifth of a millisecond.
 *
 *     npm run bench:enumeration -w latchkey-bench                     200 rounds on SQLite and PostgreSQL, about ten minutes
 *     npm run bench:enumeration -w latchkey-bench -- --tries 20 --stores memory --only sign-up
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { medians, spread } from '../e2e/support/interleave.ts'
import { CLASSES } from '../e2e/support/mixed-forms.ts'
import type { AccountClass } from '../e2e/support/mixed-forms.ts'
import { rawCaller } from '../e2e/support/raw-call.ts'
import type { RawAnswer, RawCaller } from '../e2e/support/raw-call.ts'
import { PASSWORD } from '../e2e/support/visitor.ts'
import setup from '../tools/test/global-setup.ts'
import type { MixedServer } from './systems/mixed.ts'

const { values: options } = parseArgs({
  options: {
    tries: { type: 'string', default: '200' },
    stores: { type: 'string', default: 'sqlite,postgresql' },
    only: { type: 'string', default: '' },
  },
})
const TRIES = Number(options.tries)
/** What the medians may differ by: so much of the fastest, or so many milliseconds, which the few tries that limits allow cannot show. */
const PROMISE = { share: 0.05, milliseconds: 0.2 }

type Way = (round: number) => Promise<RawAnswer>

const tearDown = setup()
try {
  console.log(
    `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}; ${TRIES} rounds, medians in milliseconds\n`,
  )
  for (const name of options.stores.split(',')) await measure(name)
} finally {
  await tearDown?.()
}

async function measure(storeName: string): Promise<void> {
  // A process of its own: what an answer leaves running behind it must not hold up the clock here.
  const server = fork(fileURLToPath(new URL('systems/mixed.js', import.meta.url)), { env: { ...process.env, BENCH_STORE: storeName } })
  const [{ url, addresses }] = (await once(server, 'message')) as [MixedServer]
  const caller = rawCaller(url)
  try {
    const emailOf = (kind: AccountClass, round: number): string => addresses[kind].at(round % addresses[kind].length) ?? ''
    const forEach = (way: (email: string) => Promise<RawAnswer>): Record<AccountClass, Way> =>
      Object.fromEntries(CLASSES.map(kind => [kind, (round: number) => way(emailOf(kind, round))])) as Record<AccountClass, Way>
    const wrong = forEach(email => caller.post('password/authenticate', { user: { email }, password: 'not the password' }))

    await table(`${storeName}: login with a wrong password`, wrong, TRIES)
    await table(`${storeName}: sign-up`, signUps(caller, addresses.argon2id[0] ?? '', addresses.unknown[0] ?? ''), TRIES * 2)
    for (const route of ['password/sendResetPasswordEmail', 'password/sendVerificationEmail'])
      await table(
        `${storeName}: ${route}`,
        forEach(email => caller.post(route, { email })),
        // So short that it takes more of them to see anything through the noise.
        TRIES * 10,
      )
  } finally {
    caller.close()
    const gone = once(server, 'exit')
    server.disconnect()
    await gone
  }
}

function signUps(caller: RawCaller, taken: string, free: string): Record<'new' | 'taken', Way> {
  const register = (email: string): Promise<RawAnswer> => caller.post('password/register', { user: { email, password: PASSWORD } })
  return { new: round => register(`${round}-${free}`), taken: () => register(taken) }
}

async function table(title: string, ways: Record<string, Way>, rounds: number): Promise<void> {
  if (!title.includes(options.only)) return
  const times = await medians(ways, rounds)
  const apart = spread(times)
  const isKept = apart <= PROMISE.share || apart * Math.min(...Object.values(times)) <= PROMISE.milliseconds
  console.log(`${title}: ${(apart * 100).toFixed(1)} % apart${isKept ? '' : ', MORE THAN PROMISED'}`)
  for (const [name, time] of Object.entries(times)) console.log(`  ${name.padEnd(24)} ${time.toFixed(2)}`)
  console.log('')
  if (!isKept) process.exitCode = 1
}
