/** The kinds of work, each as scripts for so many connections. Preparation happens before the clock starts. */
import { drive, once } from './load.ts'
import type { Reply, Script } from './load.ts'
import { repeat } from './subjects.ts'
import type { Subject } from './subjects.ts'

/** Users every subject is given. */
export const USERS = 64

/** One kind of work. Null scripts: the subject has nothing like it. */
export interface Work {
  name: string
  prepare(subject: Subject, connections: number, seconds: number): Promise<Script[] | null>
}

let made = 0
const emailOf = (n: number): string => `user-${n}@example.org`

/** Signs up the users; the same for every subject. */
export async function populate({ dialect, port }: Subject): Promise<void> {
  for (let n = 0; n < USERS; n += 1) {
    const { status, body } = await once(port, dialect.signUp(emailOf(n)))
    if (status !== 200) throw new Error(`sign-up answered ${status}: ${body}`)
  }
}

async function signedIn({ dialect, port }: Subject, n: number): Promise<string> {
  const reply = await once(port, dialect.signIn(emailOf(n % USERS)))
  if (reply.status !== 200) throw new Error(`sign-in answered ${reply.status}: ${reply.body}`)
  return dialect.tokenIn(reply)
}

const each = <T>(connections: number, make: (n: number) => T): T[] => Array.from({ length: connections }, (_, n) => make(n))

export const session: Work = {
  name: 'session check',
  prepare: (subject, connections) => Promise.all(each(connections, async n => repeat(subject.dialect.session(await signedIn(subject, n))))),
}

export const signIn: Work = {
  name: 'sign-in',
  prepare: async (subject, connections) =>
    each(connections, first => {
      let n = first
      return { next: () => subject.dialect.signIn(emailOf((n += connections) % USERS)) }
    }),
}

export const signUp: Work = {
  name: 'sign-up',
  prepare: async (subject, connections) =>
    each(connections, () => ({ next: () => subject.dialect.signUp(`new-${(made += 1)}@example.org`) })),
}

/**
 * Every session is refreshed once or twice, as in life, where there is an hour between two: a session that is refreshed a hundred times a second would be
 * measured with all the predecessors that are still good for their grace.
 */
export const refresh: Work = {
  name: 'refresh',
  async prepare(subject, connections, seconds) {
    const { dialect } = subject
    if (!dialect.refresh) return null
    const tokens = await openSessions(subject, connections, REFRESHES_PER_SECOND * seconds)
    return each(connections, first => {
      let n = first - connections
      return {
        next: () => dialect.refresh?.(tokens[(n = (n + connections) % tokens.length)] ?? '') ?? Buffer.alloc(0),
        answered: (reply: Reply) => void (tokens[n] = dialect.tokenIn(reply)),
      }
    })
  },
}

/** Enough sessions for the time, opened before the clock starts; a connection that runs out stops sending by asking for what is gone. */
export const logout: Work = {
  name: 'logout',
  async prepare(subject, connections, seconds) {
    const tokens = await openSessions(subject, connections, LOGOUTS_PER_SECOND * seconds)
    return each(connections, () => ({ next: () => subject.dialect.logout(tokens.pop() ?? '') }))
  },
}

const REFRESHES_PER_SECOND = 4000
const LOGOUTS_PER_SECOND = 5000

/** Signs in until there are so many sessions, a multiple of the connections; returns their tokens. */
async function openSessions({ dialect, port }: Subject, connections: number, wanted: number): Promise<string[]> {
  const tokens: string[] = []
  const scripts = each(connections, first => {
    let n = first
    return {
      next: () => dialect.signIn(emailOf((n += connections) % USERS)),
      answered: (reply: Reply) => void tokens.push(dialect.tokenIn(reply)),
    }
  })
  while (tokens.length < wanted) await drive(port, scripts, 0.2)
  return tokens.slice(0, Math.max(1, Math.floor(tokens.length / connections)) * connections)
}
