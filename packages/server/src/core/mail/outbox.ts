import type { Stop } from '@latchkey/common'
import { toPublicUser } from '../identity/public-user.ts'
import type { Keys } from '../keys.ts'
import type { Mail, Ports } from '../ports.ts'
import { keyRing, open, seal, sealedBy } from '../seal.ts'
import type { KeyRing } from '../seal.ts'
import { newId } from '../session/secret.ts'
import type { Settings } from '../settings.ts'
import type { Store } from '../store.ts'
import type { MailTemplate, OutboxMail } from './outbox-mail.ts'
import { dataOf, renderMail } from './render.ts'
import { describeFailure, maskAddress, safeRecipient } from './safe-mail.ts'
import type { MailData, TemplateName } from './templates.ts'
import type { User } from '../identity/user.ts'

/** What the outbox works with. */
export interface OutboxParts extends Ports {
  store: Pick<Store, 'outbox' | 'users'>
  keys: Keys
  settings: Settings
}

/** What to write. */
export interface MailOrder {
  /** One address, as the user typed it. */
  to: string
  /** Null: nobody has this address. The mail then costs the same work and is never sent. */
  user: { id: string } | null
  /** What the mail is about: see {@link MailData}. Kept in clear, so it must hold no secret. */
  data?: MailData
  /** The secret of the link. Kept sealed. */
  token?: string
  /** When the token expires, epoch milliseconds. Default: by the settings of that kind of token. */
  expiresAt?: number
}

/** Words mails in the place of the templates of the settings, when they are sent. What it throws is tried again. */
export interface Letters {
  write(order: { template: TemplateName; to: string; token: string; user: User; data: MailData }): Promise<Mail>
}

/** Deliveries at once. */
const LANES = 4
/** A delivery that takes longer than this makes room for another, so that a few slow recipients do not hold up everybody. */
const SLOW_AFTER = 3000
/** Deliveries that may be slow at once. */
const MOST_SLOW = 16
/** A delivery that takes longer has failed. */
const TIMEOUT = 30_000
/** How long a claimed mail is hidden from other workers: longer than any delivery takes. */
const LEASE = 2 * TIMEOUT
const POLL = 10_000
const FIRST_RETRY = 15_000
const LONGEST_RETRY = 3_600_000
const STOP_WITHIN = 10_000
const DAY = 86_400_000

/**
 * Sends mail outside the request. A mail is written in the same transaction as the deed it tells of, and sent afterwards, with retries, until it is too old to be
 * of use; so a slow or broken mail server neither delays nor fails a request, nor shows who exists. A mail can arrive twice, when the server took it but
 * answered too late.
 */
export class Outbox {
  readonly #parts: OutboxParts
  readonly #ring: KeyRing
  /** Under way, those that became slow among them. */
  readonly #deliveries = new Set<Promise<void>>()
  #slow = 0
  #polling: Stop | undefined
  #running = false
  #kicked: Stop | undefined
  #isClaiming = false
  #claiming: Promise<void> = Promise.resolve()
  /** More may be due than was claimed. */
  #more = false
  #warned = false
  #letters: Letters | undefined

  constructor(parts: OutboxParts) {
    this.#parts = parts
    this.#ring = keyRing(parts.keys)
  }

  /** Writes a mail to ride along a deed. Does nothing else: call {@link kick} after the deed. */
  compose(template: MailTemplate, { to, user, data = {}, token, expiresAt }: MailOrder): OutboxMail {
    const { clock, chance, settings } = this.#parts
    if (!settings.sendMail) this.#warnOnce()
    const createdAt = clock.now()
    const id = newId(chance)
    const userId = user?.id ?? null
    return {
      id,
      template: user ? template : 'void',
      to,
      userId,
      data: { at: createdAt, ...data },
      ...(token === undefined ? {} : { sealed: seal(this.#ring, chance, token, { userId, field: tokenField(id) }) }),
      createdAt,
      nextTryAt: createdAt,
      tries: 0,
      expiresAt: expiresAt ?? createdAt + lifetime(settings, template, token !== undefined),
    }
  }

  /** Puts a mail that is worded already into an envelope, to ride along a deed. The whole of it is kept sealed: it may hold a token. */
  enclose(mail: Mail, user: { id: string }, { token = '', expiresAt }: { token?: string; expiresAt?: number } = {}): OutboxMail {
    const enclosed: Enclosed = { mail, token }
    return this.compose('written', { to: mail.to, user, token: JSON.stringify(enclosed), ...(expiresAt !== undefined && { expiresAt }) })
  }

  /** From now on mails are worded by this. */
  wordWith(letters: Letters): void {
    this.#letters = letters
  }

  /** Starts sending soon. Returns at once and never fails. */
  kick(): void {
    if (!this.#running || this.#kicked) return
    this.#kicked = this.#parts.timers.after(0, () => {
      this.#kicked = undefined
      void this.#claim()
    })
  }

  /** Begins to send what waits, also what other processes left. Idempotent. */
  start(): void {
    if (this.#running) return
    this.#running = true
    this.#polling = this.#parts.timers.every(POLL, () => this.kick())
    this.kick()
  }

  /** Finishes the mails in hand, for ten seconds at most; what is left waits in the store. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#running) return
    this.#polling?.()
    const kicked = this.#kicked
    kicked?.()
    this.#kicked = undefined
    this.#running = false
    // A short-lived process (a command) still sends what its last deed wrote.
    const claimed = this.#claiming.then(() => (kicked ? this.#claim() : undefined))
    const finished = claimed.then(() => Promise.all(this.#deliveries))
    await this.#within(STOP_WITHIN, finished).catch((error: unknown) =>
      this.#parts.log.warn({ err: error }, 'the outbox stopped with mail in hand; it is sent after the next start'),
    )
  }

  #claim(): Promise<void> {
    // One round at a time; whoever asks meanwhile gets another round.
    if (this.#isClaiming) this.#more = true
    else this.#claiming = this.#claimAll()
    return this.#claiming
  }

  async #claimAll(): Promise<void> {
    const { store, clock, log, settings } = this.#parts
    // Without a way to send, mail is left alone until it is swept: another process, which can send, may share this store.
    if (!settings.sendMail) return
    this.#isClaiming = true
    try {
      do {
        const room = LANES - (this.#deliveries.size - this.#slow)
        this.#more = room <= 0
        if (this.#more) return
        const claimed = await store.outbox.claim(clock.now(), room, LEASE)
        this.#more ||= claimed.length === room
        claimed.forEach(mail => this.#begin(mail))
      } while (this.#more && this.#running)
    } catch (error) {
      log.error({ err: error }, 'the outbox could not read the store; it tries again')
    } finally {
      this.#isClaiming = false
    }
  }

  #begin(mail: OutboxMail): void {
    let slow = false
    const unlessDone = this.#parts.timers.after(SLOW_AFTER, () => {
      if (this.#slow >= MOST_SLOW) return
      slow = true
      this.#slow += 1
      this.#continue()
    })
    const delivery = this.#deliver(mail).finally(() => {
      unlessDone()
      if (slow) this.#slow -= 1
      this.#deliveries.delete(delivery)
      this.#continue()
    })
    this.#deliveries.add(delivery)
  }

  #continue(): void {
    if (this.#more && this.#running) void this.#claim()
  }

  /** Never rejects. */
  async #deliver(mail: OutboxMail): Promise<void> {
    const { store, log, settings } = this.#parts
    const about = { mail: mail.id, template: mail.template, to: maskAddress(mail.to), tries: mail.tries }
    const token = mail.sealed === undefined ? '' : open(this.#ring, mail.sealed, { userId: mail.userId, field: tokenField(mail.id) })
    try {
      const written = await this.#write(mail, token, about)
      if (written && settings.sendMail) {
        await this.#within(TIMEOUT, settings.sendMail(written))
        log.debug(about, 'mail sent')
      }
      await store.outbox.done(mail.id)
    } catch (error) {
      const secret = mail.template === 'written' && token ? enclosedIn(token).token : token
      const secrets = secret ? [secret, encodeURIComponent(secret), mail.to] : [mail.to]
      await this.#retry(mail, { ...about, error: describeFailure(error, secrets) })
    }
  }

  /** Null: there is nothing to send, now or later. */
  async #write(mail: OutboxMail, token: string | null, about: object): Promise<Mail | null> {
    const { store, log, settings } = this.#parts
    const { template, userId } = mail
    if (template === 'void' || userId === null) return null
    const refuse = (reason: string, more: object = {}): null => {
      log.error({ ...about, ...more }, reason)
      return null
    }
    if (token === null) {
      return refuse('a mail was erased: the secret it was sealed under is gone. Keep earlier secrets in retiredSecrets', {
        keyId: sealedBy(mail.sealed ?? ''),
      })
    }
    const to = safeRecipient(mail.to)
    if (to === null) return refuse('a mail was erased: its recipient is not one plain address')
    const user = await store.users.find({ kind: 'id', key: userId })
    // Deleted since.
    if (!user) return null
    if (template === 'written') return { ...enclosedIn(token).mail, to }
    if (this.#letters) return this.#letters.write({ template, to, token, user, data: dataOf(mail, token) })
    return renderMail(settings, mail, template, to, toPublicUser(settings, user), token)
  }

  async #retry(mail: OutboxMail, about: object): Promise<void> {
    const { store, clock, log } = this.#parts
    const nextTryAt = clock.now() + this.#wait(mail.tries)
    try {
      if (nextTryAt >= mail.expiresAt) {
        log.error(about, 'a mail could not be sent before it became useless, and was erased')
        await store.outbox.done(mail.id)
      } else {
        log.warn({ ...about, nextTryAt: new Date(nextTryAt).toISOString() }, 'a mail could not be sent; it is tried again')
        await store.outbox.retry(mail.id, nextTryAt)
      }
    } catch (error) {
      // Nothing is lost: the lease runs out and the mail is claimed again.
      log.error({ ...about, err: error }, 'the outbox could not note that a mail failed')
    }
  }

  /** Doubles up to an hour. Half of it is chance, so that mails that failed together do not come back together. */
  #wait(tries: number): number {
    const whole = Math.min(FIRST_RETRY * 2 ** tries, LONGEST_RETRY)
    const share = Buffer.from(this.#parts.chance.bytes(4)).readUInt32BE() / 2 ** 32
    return Math.round(whole * (0.5 + share / 2))
  }

  #warnOnce(): void {
    if (!this.#warned)
      this.#parts.log.warn({}, 'no mail is sent: set the option sendMail, for example sendMail: mail => transport.sendMail(mail)')
    this.#warned = true
  }

  /** The outcome of the work, or a rejection when it takes too long. The work itself cannot be stopped; what becomes of it is no longer heard. */
  async #within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
    let stop: Stop | undefined
    const late = new Promise<never>((_, reject) => {
      stop = this.#parts.timers.after(milliseconds, () => reject(new Error(`no answer within ${milliseconds / 1000} seconds`)))
    })
    try {
      return await Promise.race([work, late])
    } finally {
      stop?.()
    }
  }
}

interface Enclosed {
  mail: Mail
  /** The secret in it, which no log may show. */
  token: string
}

/** Written by `enclose`. */
const enclosedIn = (sealed: string): Enclosed => JSON.parse(sealed) as Enclosed

// Bound to the mail as well, so that a token cannot be moved into another one.
const tokenField = (mailId: string): string => `outbox:${mailId}`

function lifetime({ password }: Settings, template: MailTemplate, hasToken: boolean): number {
  if (!hasToken) return DAY
  if (template === 'verifyEmail') return password.verifyEmailTokenExpiration
  if (template === 'resetPassword') return password.passwordResetTokenExpiration
  if (template === 'enrollAccount') return password.passwordEnrollTokenExpiration
  return DAY
}
