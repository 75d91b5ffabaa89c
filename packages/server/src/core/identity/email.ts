import { domainToASCII, domainToUnicode } from 'node:url'

/** An address that can receive mail, and what it is unique by. */
export interface ParsedEmail {
  /** As typed, without the spaces around it. */
  address: string
  /** NFC, lower case, domain in ASCII. Two spellings of one mailbox have one key; Gmail's dots and tags are left alone, for they are Gmail's business. */
  key: string
}

// RFC 5321, 4.5.3.1: octets of the part before the `@`, and of a whole path without its angle brackets.
const LONGEST_LOCAL = 64
const LONGEST_ADDRESS = 254
const LONGEST_DOMAIN = 253

// The HTML standard's "valid e-mail address" (no quotes, no comments, nothing that is special in a mail header), plus letters, marks and digits of
// every script (RFC 6531). Dots stand between other characters, as RFC 5321 has it.
const LOCAL = /^[\w!#$%&'*+/=?^`{|}~\p{L}\p{M}\p{N}-]+(?:\.[\w!#$%&'*+/=?^`{|}~\p{L}\p{M}\p{N}-]+)*$/u
const DOMAIN = /^[\p{L}\p{M}\p{N}-]+(?:\.[\p{L}\p{M}\p{N}-]+)+$/u
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const TOP_LEVEL = /^(?:[a-z]{2,}|xn--[a-z0-9-]+)$/

/**
 * Reads an e-mail address. Null for anything but one plain address with a dotted domain: quoted names, IP literals, display names, lists, control and
 * invisible characters are refused, and so are characters that fold into ASCII (`＠`, the Kelvin sign), because they would let one mailbox pass for another.
 * @example
 * parseEmail(' Ada@Bücher.example ') // { address: 'Ada@Bücher.example', key: 'ada@xn--bcher-kva.example' }
 */
export function parseEmail(typed: unknown): ParsedEmail | null {
  if (typeof typed !== 'string' || typed.length > 2 * LONGEST_ADDRESS || hasControl(typed)) return null
  const address = typed.trim()
  const at = address.indexOf('@')
  const local = address.slice(0, at)
  const typedDomain = address.slice(at + 1)
  if (at < 1 || !LOCAL.test(local) || !DOMAIN.test(typedDomain) || pretendsAscii(address)) return null

  const domain = domainToASCII(typedDomain)
  const foldedLocal = fold(local)
  if (!isDomain(domain) || !isDecodable(domain) || octets(local) > LONGEST_LOCAL || octets(foldedLocal) > LONGEST_LOCAL) return null
  const key = `${foldedLocal}@${domain}`
  if (octets(address) > LONGEST_ADDRESS || octets(key) > LONGEST_ADDRESS) return null
  return { address, key }
}

/**
 * The key to look an address up by. Answers for any text, because databases that were opened in place hold addresses that {@link parseEmail} would not
 * accept today (`root@intranet`).
 */
export function emailKey(typed: string): string {
  // One character more than any key that is kept: it matches nobody, and costs no more than that.
  return parseEmail(typed)?.key ?? fold(typed.slice(0, 2 * LONGEST_ADDRESS).trim()).slice(0, LONGEST_ADDRESS + 1)
}

/** The part of a parsed address after the `@`, in ASCII. */
export const domainOf = (parsed: ParsedEmail): string => parsed.key.slice(parsed.key.indexOf('@') + 1)

// Lower-casing can undo NFC, hence twice.
const fold = (text: string): string => text.normalize('NFC').toLowerCase().normalize('NFC')

const octets = (text: string): number => Buffer.byteLength(text)

const hasControl = (text: string): boolean => /\p{Cc}/u.test(text)

/** Node 24 leaves a label that is no Punycode as it is; 20 and 22 answer nothing for it. */
const isDecodable = (domain: string): boolean => !/(^|\.)xn--/.test(domainToUnicode(domain)) && domainToUnicode(domain) !== ''

function isDomain(domain: string): boolean {
  const labels = domain.split('.')
  return (
    domain.length <= LONGEST_DOMAIN && labels.length > 1 && labels.every(label => LABEL.test(label)) && TOP_LEVEL.test(labels.at(-1) ?? '')
  )
}

/** True when a character beyond ASCII becomes ASCII by compatibility or case: the way a stranger's address was made to look up somebody else's account. */
function pretendsAscii(text: string): boolean {
  for (const character of text) {
    if (character > '\u007f' && /[\0-\u007f]/.test(character.normalize('NFKC').toLowerCase())) return true
  }
  return false
}
