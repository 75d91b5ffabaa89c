/** The mailbox of development: mail is kept in a file of the data folder instead of being sent. */
import { appendFile, mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Mail } from '@latchkey/server'

/** A caught mail, as `/dev/mailbox.json` lists it. */
export interface CaughtMail {
  to: string
  from: string
  subject: string
  text: string
  /** Empty when the mail has no HTML part. */
  html: string
  /** ISO 8601. */
  date: string
}

/** Beyond this size the file is cut back to its newest mails. */
const FULL = 4 * 1024 * 1024
const KEPT = 200

/**
 * Keeps mails one a line. A file rather than memory, so that mails sent by the command line show in the running server, and those of
 * before a restart are still there.
 */
export class Mailbox {
  readonly #file: string
  readonly #now: () => Date

  constructor(folder: string, now: () => Date = () => new Date()) {
    this.#file = path.join(folder, 'mailbox.jsonl')
    this.#now = now
  }

  /** Keeps a mail. */
  catch = async ({ to, from, subject, text, html = '' }: Mail): Promise<void> => {
    const caught: CaughtMail = { to, from, subject, text, html, date: this.#now().toISOString() }
    await mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 })
    await this.#cutBack()
    // One write of one line: two processes that append at once do not mix.
    await appendFile(this.#file, `${JSON.stringify(caught)}\n`, { mode: 0o600 })
  }

  /** All caught mails, newest last. */
  async list(): Promise<CaughtMail[]> {
    const content = await readFile(this.#file, 'utf8').catch(() => '')
    return content.split('\n').flatMap(readLine)
  }

  async #cutBack(): Promise<void> {
    const size = (await stat(this.#file).catch(() => null))?.size ?? 0
    if (size < FULL) return
    const kept = (await this.list()).slice(-KEPT)
    const draft = `${this.#file}.${process.pid}`
    const file = await open(draft, 'w', 0o600)
    try {
      await file.writeFile(kept.map(mail => `${JSON.stringify(mail)}\n`).join(''))
    } finally {
      await file.close()
    }
    await rename(draft, this.#file)
  }
}

/** A line that is not a mail (cut off by a crash) is passed over. */
function readLine(line: string): CaughtMail[] {
  if (line === '') return []
  try {
    // Written by `catch` alone, in a folder that only the owner can write.
    return [JSON.parse(line) as CaughtMail]
  } catch {
    return []
  }
}
