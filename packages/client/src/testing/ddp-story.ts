/** One story over a wire that may fail, and every way in which it may: whoever lives through it sees what somebody with a good wire sees. */
import { DdpConnection } from '../ddp/index.ts'
import type { FaultyWire, Passing } from './faulty-wire.ts'

/** What somebody who lived through the story has seen. */
export interface Seen {
  whoAmI: unknown
  added: unknown
  /** When the login was through: was the user there? */
  userAtLogin: boolean
  /** When the method was through: was what it had added there? */
  taskAtResult: boolean
  tasks: unknown[]
  /** How many users were shown, one number per change. Nobody who is signed in should see themselves go. */
  users: number[]
  /** The same of tasks, from when all are there. */
  taskCounts: number[]
}

/** For a wire that may fall silent. */
export const SOON = 100
/** For a wire that does not. */
export const LATE = 10_000

export const GOOD: Seen = {
  whoAmI: 'ada',
  added: 'bread',
  userAtLogin: true,
  taskAtResult: true,
  tasks: ['bread', 'milk'],
  users: [0, 1],
  taskCounts: [1, 2],
}

/**
 * Subscribes, signs in, adds a task and asks who it is. The server has a publication `tasks` with a task `milk`, publishes the signed-in user, and has the
 * methods `login(name)`, `tasks.add(id)` and `whoami`. `patience`: milliseconds of silence that are borne, see {@link SOON} and {@link LATE}.
 */
export async function tellStory(url: string, patience: number): Promise<Seen> {
  const connection = new DdpConnection(url, { heartbeatInterval: patience, heartbeatTimeout: patience, connectTimeout: 3 * patience })
  try {
    const [users, tasks] = [connection.collection('users'), connection.collection('tasks')]
    const [userCounts, taskCounts]: [number[], number[]] = [[], []]
    users.subscribe(all => keep(userCounts, all.length))
    let name: string | undefined
    connection.addReconnectStep(() => {
      if (name) connection.apply('login', [name], { wait: true }).catch(() => {})
    })
    const ready = new Promise<void>(resolve => void connection.subscribe('tasks', resolve)).then(() =>
      tasks.subscribe(all => keep(taskCounts, all.length)),
    )
    const onResultReceived = (): void => void (name = 'ada')
    const userAtLogin = await connection
      .apply('login', ['ada'], { wait: true, onResultReceived })
      .then(() => users.get('ada') !== undefined)
    await ready
    const [added, taskAtResult] = await connection.call('tasks.add', 'bread').then(id => [id, tasks.get('bread') !== undefined] as const)
    const whoAmI = await connection.call('whoami')
    // The order in which they came may differ from wire to wire
    const ids = tasks.all().map(task => String(task['_id']))
    return { whoAmI, added, userAtLogin, taskAtResult, tasks: ids.toSorted(), users: userCounts, taskCounts }
  } finally {
    connection.close()
  }
}

/** What may befall the message with that index, and those after it. */
export const FAULTS: Record<string, (wire: FaultyWire, index: number) => void> = {
  'cut before': (wire, index) => {
    wire.fate = message => (message.index === index ? 'cut' : 'pass')
  },
  'cut after': (wire, index) => {
    wire.fate = message => (message.index === index ? 'cutAfter' : 'pass')
  },
  'silent from': (wire, index) => {
    wire.fate = message => (message.index >= index && message.connection === 0 ? 'lose' : 'pass')
  },
  'slow at': (wire, index) => {
    wire.fate = message => (message.index === index ? later() : 'pass')
  },
  'cut twice from': (wire, index) => {
    const isCut = (message: Passing): boolean => message.index === index || (message.connection === 1 && message.from === 'server')
    wire.fate = message => (isCut(message) ? 'cut' : 'pass')
  },
  'cut, and cut again 4 messages later, from': (wire, index) => {
    wire.fate = message => (message.index === index || message.index === index + 4 ? 'cut' : 'pass')
  },
}

const later = (): Promise<'pass'> => new Promise(resolve => setTimeout(resolve, 20, 'pass'))

function keep(counts: number[], count: number): void {
  if (counts.at(-1) !== count) counts.push(count)
}
