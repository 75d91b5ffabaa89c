/** What costs no round trip at all: an app that asks Latchkey inside its own process. Microseconds per call, medians of the rounds. */
import { AccountsServer } from '@latchkey/server'
import type { Store } from '@latchkey/server'
import { AccountsPassword } from '@latchkey/server/strategies/password'

/** Name of a deed, and its microseconds. */
export type InProcess = [name: string, microseconds: number][]

export async function inProcess(store: Store, rounds: number, seconds: number): Promise<InProcess> {
  const server = new AccountsServer(
    { db: store, tokenSecret: 'a secret for measuring, 0123456789 abcdefghijkl', newDeviceMail: false },
    { password: new AccountsPassword({ argon2: { memoryCost: 8, timeCost: 1 } }) },
  )
  await server.ready()
  try {
    const { accounts } = server
    const { accessTokens } = accounts.core
    const user = await accounts.createUser({ email: 'somebody@example.org', password: 'correct horse battery staple' })
    const { session, tokens } = await accounts.loginTrusted(user.id)
    const token = tokens?.accessToken ?? ''
    return [
      ['`resumeSession`, cached', await perCall(() => server.resumeSession(token), rounds, seconds)],
      ['`checkCached`, as transports ask', await perCall(() => accounts.checkCached(token), rounds, seconds)],
      ['verify an access token', await perCall(() => accessTokens.verify(token), rounds, seconds)],
      ['sign an access token', await perCall(() => accessTokens.access(session, user), rounds, seconds)],
    ]
  } finally {
    await server.stop()
  }
}

/** The first round warms up. */
async function perCall(call: () => unknown, rounds: number, seconds: number): Promise<number> {
  const found: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    let calls = 0
    const began = performance.now()
    const until = began + seconds * 1000
    while (performance.now() < until) {
      for (let n = 0; n < BATCH; n += 1) await call()
      calls += BATCH
      // Answers from the cache never leave the microtasks: without this no timer of the server would run, and its bus would not be believed.
      await new Promise(setImmediate)
    }
    if (round > 0) found.push(((performance.now() - began) * 1000) / calls)
  }
  return found.toSorted((a, b) => a - b)[Math.floor(found.length / 2)] ?? 0
}

const BATCH = 1000
