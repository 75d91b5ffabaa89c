/** What keeps a mail from reaching anybody but the one it is for, and its address out of the log. */
import { domainToASCII } from 'node:url'

const LONGEST_ADDRESS = 320

// Mail libraries parse a recipient as a header: `b@x.com\r\nBcc: c@y.com`, `b@x.com, c@y.com`, `"b" <c@y.com>` and `b@x.com (c)` all mean something to them.
// None of these characters is left, so whatever parses it finds one plain address.
// The domain is a host name and nothing else: of `a@b.org?c` they would take `a@b.org`.
const PLAIN_ADDRESS = /^[^\s@<>()[\]\\,;:"\p{C}]+@[\p{L}\p{M}\p{N}.-]+$/u

/**
 * The address as it may be given to a mail library, or null when it is not one plain address. An international domain is written in ASCII, because libraries
 * disagree on how to do that. Laxer than `parseEmail`: `root@intranet` of an old database still gets its mail.
 */
export function safeRecipient(address: string): string | null {
  if (address.length > LONGEST_ADDRESS || !PLAIN_ADDRESS.test(address)) return null
  const at = address.indexOf('@')
  const domain = address.slice(at + 1)
  if (/^[\0-\u007f]*$/.test(domain)) return address
  const ascii = domainToASCII(domain)
  return ascii === '' ? null : `${address.slice(0, at)}@${ascii}`
}

/** A subject on one line, whatever a template put into it. */
export const safeSubject = (subject: string): string => subject.replace(/\p{Cc}+/gu, ' ').trim()

/** True when a text may stand in a mail header. */
export const isHeaderSafe = (text: string): boolean => !/\p{Cc}/u.test(text)

/** An address for the log: `a…@example.org`. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@')
  const [first = ''] = address
  return at < 1 ? '…' : `${first}…${address.slice(at)}`.replace(/[\p{C}\s]/gu, '')
}

/** True for what a mail library reads as exactly one recipient: a plain address, or `Name <address>`. */
export function isOneRecipient(to: string): boolean {
  const named = /^(?:"[^"\\\p{Cc}]*"|[^"\\<>,;:@()\p{Cc}]*) ?<([^<>]*)>$/u.exec(to)
  return safeRecipient(named?.[1] ?? to) !== null
}

/** What went wrong, for the log: without stack, without the secrets of the mail, without anybody's address. */
export function describeFailure(error: unknown, secrets: readonly string[]): string {
  const told = error instanceof Error ? `${error.name}: ${error.message}` : `a thrown ${typeof error}`
  const discreet = secrets.filter(secret => secret !== '').reduce((text, secret) => text.replaceAll(secret, '…'), told)
  return discreet
    .slice(0, 300)
    .replace(/[^\s<>"']+@/g, '…@')
    .replace(/\p{Cc}+/gu, ' ')
}
