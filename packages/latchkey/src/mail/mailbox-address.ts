/** An address as nodemailer takes it without parsing it again: one recipient, whatever characters it holds. */
export interface MailboxAddress {
  name: string
  address: string
}

/**
 * Reads `address` or `Name <address>`; null for anything else. Strict on purpose: a string handed to nodemailer is parsed as a list of
 * recipients, and a line break in it would become another header.
 */
export function readMailboxAddress(given: string): MailboxAddress | null {
  const named = /^([^<>]*)<([^<>]+)>$/.exec(given.trim())
  const address = (named?.[2] ?? given).trim()
  const name = (named?.[1] ?? '').trim().replace(/^"(.*)"$/, '$1')
  if (hasControlCharacter(given) || !/^[^\s<>,;:"()[\]@]+@[^\s<>,;:"()@]+$/.test(address)) return null
  return { name, address }
}

/** True for `address` and `Name <address>`. */
export const isMailbox = (given: string): boolean => readMailboxAddress(given) !== null

const hasControlCharacter = (given: string): boolean => /\p{Cc}/u.test(given)
