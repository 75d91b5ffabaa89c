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

export const refresh: Work = {
  name: 'refresh',
  async prepare(subject, connections) {
    const { dialect } = subject
    if (!dialect.refresh) return null
    return Promise.all(
      each(connections, async n => {
        let token = await signedIn(subject, n)
        return {
          next: () => dialect.refresh?.(token) ?? Buffer.alloc(0),
          answered: (reply: Reply) => void (token = dialect.tokenIn(reply)),
        }
      }),
    )
  },
}

/** Enough sessions for the time, opened before the clock starts; a connection that runs out stops sending by asking for what is gone. */
export const logout: Work = {
  name: 'logout',
  async prepare(subject, connections, seconds) {
    const wanted = Math.ceil(LOGOUTS_PER_SECOND * seconds)
    const tokens: string[] = []
    const scripts = each(connections, first => {
      let n = first
      return {
        next: () => subject.dialect.signIn(emailOf((n += connections) % USERS)),
        answered: (reply: Reply) => void tokens.push(subject.dialect.tokenIn(reply)),
      }
    })
    while (tokens.length < wanted) await drive(subject.port, scripts, 0.2)
    return each(connections, () => ({ next: () => subject.dialect.logout(tokens.pop() ?? '') }))
  },
}

const LOGOUTS_PER_SECOND = 5000
