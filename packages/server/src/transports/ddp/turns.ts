/** Whose turn it is among one client's messages: one at a time and in order, unless one lets the next begin. */
import { runOutside } from '../../wire/invocation.ts'
import { answer } from './answer.ts'
import { readFrame } from './read-message.ts'
import type { Incoming } from './read-message.ts'
import type { Session } from './session.ts'
import { KEPT_FRAMES } from './options.ts'

/** The messages of a session. */
export class Turns {
  readonly #session: Session
  /** As text: a message takes many times its length once it is read. */
  #waiting: string[] = []
  #waitingSize = 0
  /** A message is being answered, or the session has not begun, and the next has to wait. */
  #isBusy = true
  /** Messages that are being answered, those that let the next begin among them. */
  #underWay = 0

  constructor(session: Session) {
    this.#session = session
  }

  /** A message, and the text it was read from. False: there are too many. */
  take(message: Incoming, frame: string): boolean {
    // Until it is answered.
    if (!this.#session.share.take(frame.length)) return false
    if (this.#mayBegin() && this.#waiting.length === 0) {
      this.#begin(message, frame.length)
      return true
    }
    const { maxQueuedMessages, maxFrameBytes } = this.#session.hub.settings
    if (this.#waiting.length >= maxQueuedMessages || this.#waitingSize > KEPT_FRAMES * maxFrameBytes) {
      this.#session.share.give(frame.length)
      return false
    }
    this.#waiting.push(frame)
    this.#waitingSize += frame.length
    return true
  }

  /** The next may begin. */
  free(): void {
    this.#isBusy = false
    this.#soon()
  }

  /** What waits is not answered. */
  clear(): void {
    this.#session.share.give(this.#waitingSize)
    this.#waiting = []
    this.#waitingSize = 0
  }

  #mayBegin(): boolean {
    return !this.#isBusy && this.#underWay < this.#session.hub.settings.maxQueuedMessages
  }

  /** Once others had their turn: a client that sends many messages is no reason for others to wait. */
  #soon(): void {
    if (this.#waiting.length > 0) runOutside(() => setImmediate(() => this.#next()))
  }

  #next(): void {
    if (!this.#mayBegin()) return
    const frame = this.#waiting.shift()
    if (frame === undefined) return
    this.#waitingSize -= frame.length
    const read = readFrame(frame)
    if ('message' in read) this.#begin(read.message, frame.length)
  }

  #begin(message: Incoming, size: number): void {
    this.#isBusy = true
    this.#underWay += 1
    let isUnblocked = false
    const unblock = (): void => {
      if (isUnblocked) return
      isUnblocked = true
      this.free()
    }
    const { hub, id: connectionId } = this.#session
    void answer(this.#session, message, size, unblock)
      .catch((error: unknown) => {
        hub.ports.log.error({ err: error, connectionId }, 'a message of a DDP client could not be answered')
        this.#session.close()
      })
      .finally(() => {
        this.#underWay -= 1
        this.#session.share.give(size)
        // One that let the next begin may still have kept a later one waiting.
        if (isUnblocked) this.#soon()
        unblock()
      })
  }
}
