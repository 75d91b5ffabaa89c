/** The outbox with everything around it under control: time that moves when told to, with its timers, a real store, mail that is caught. */
import { randomBytes } from 'node:crypto'
import { stopOf } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { User } from '../core/identity/user.ts'
import { Keys } from '../core/keys.ts'
import { Outbox } from '../core/mail/outbox.ts'
import type { MailOrder } from '../core/mail/outbox.ts'
import type { MailTemplate } from '../core/mail/outbox-mail.ts'
import type { Clock, Log, Mail, Timers } from '../core/ports.ts'
import { readSettings } from '../core/settings.ts'
import type { GivenSettings } from '../core/settings.ts'
import type { Store } from '../core/store.ts'
import { memoryStore } from '../stores/memory/index.ts'

export const START: number = Date.UTC(2026, 0, 1)
export const SECOND = 1000
export const MINUTE: number = 60 * SECOND
export const HOUR: number = 60 * MINUTE
export const DAY: number = 24 * HOUR

export interface OutboxWorld {
  time: ManualTime
  store: Store
  sent: Mail[]
  logged: { level: string; fields: object; message: string }[]
  user: User
  /** Writes a mail and kicks the outbox, as a flow does. */
  write(outbox: Outbox, order?: Partial<MailOrder>, template?: MailTemplate): Promise<void>
  /** A process with this outbox. `sendMail: null`: it has none. */
  outbox(settings?: Partial<Omit<GivenSettings, 'sendMail'>> & { sendMail?: GivenSettings['sendMail'] | null }): Outbox
  close(): Promise<void>
}

export async function newOutboxWorld(): Promise<OutboxWorld> {
  const time = new ManualTime()
  const store = memoryStore()
  await store.open()
  const emails = [{ address: 'ada@example.org', verified: true }]
  const user: User = { id: 'u1', username: 'ada', emails, createdAt: START, updatedAt: START, epoch: 0, custom: {} }
  await store.users.insert({ user, credentials: [], identifiers: [{ kind: 'email', key: 'ada@example.org' }] })
  const sent: Mail[] = []
  const logged: OutboxWorld['logged'] = []
  const started: Outbox[] = []
  const note = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message })
  const log: Log = { debug: () => {}, info: note('info'), warn: note('warn'), error: note('error') }
  return {
    time,
    store,
    sent,
    logged,
    user,
    async write(outbox, order = {}, template = 'resetPassword') {
      await store.outbox.add([outbox.compose(template, { to: 'ada@example.org', user, token: 't0ken+/secret', ...order })])
      outbox.kick()
    },
    outbox({ sendMail = async (mail: Mail) => void sent.push(mail), ...given } = {}) {
      const tokenSecret = 'a secret of at least thirty-two bytes'
      const settings = readSettings({ tokenSecret, siteUrl: 'https://example.org', ...given, ...(sendMail && { sendMail }) })
      const chance = { bytes: (length: number) => randomBytes(length) }
      const outbox = new Outbox({ store, clock: time.clock, timers: time.timers, chance, log, keys: new Keys(settings), settings })
      started.push(outbox)
      return outbox
    },
    async close() {
      const stopped = Promise.all(started.map(outbox => outbox.stop()))
      await time.pass(MINUTE)
      await stopped
      await store.close()
    },
  }
}

/** Time that moves only when told to, with its timers. */
export class ManualTime {
  now: number = START
  readonly #timers = new Set<Timer>()

  readonly clock: Clock = { now: () => this.now }
  readonly timers: Timers = {
    after: (milliseconds, work) => this.#add(milliseconds, null, work),
    every: (milliseconds, work) => this.#add(milliseconds, milliseconds, work),
  }

  /** Timers that have not gone off and were not stopped. */
  get waiting(): number {
    return this.#timers.size
  }

  /** Lets time pass, timer by timer, with whatever they set off. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds
    await settled()
    for (;;) {
      const next = [...this.#timers].filter(timer => timer.at <= end).toSorted((a, b) => a.at - b.at)[0]
      if (!next) break
      this.now = Math.max(this.now, next.at)
      if (next.every === null) this.#timers.delete(next)
      else next.at += next.every
      next.work()
      await settled()
    }
    this.now = end
  }

  #add(milliseconds: number, every: number | null, work: () => void): Stop {
    const timer = { at: this.now + milliseconds, every, work }
    this.#timers.add(timer)
    return stopOf(() => this.#timers.delete(timer))
  }
}

/** Until all work that waits for nothing but promises is done. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 5; round += 1) await new Promise(resolve => setImmediate(resolve))
}

interface Timer {
  at: number
  every: number | null
  work: () => void
}
