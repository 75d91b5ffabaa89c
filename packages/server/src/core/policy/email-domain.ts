import { domainOf, parseEmail } from '../identity/email.ts'

/** Whose addresses are welcome: one domain, a list, or the app's own judgement of the address as typed. */
export type EmailRule = string | readonly string[] | ((address: string) => boolean | Promise<boolean>)

/**
 * True when the rule welcomes the address. Domains match whole (`example.org` welcomes neither `sub.example.org` nor `evil-example.org`), without regard to
 * case, also in their international spelling. What is no address is never welcome.
 * @example
 * await allowsEmail(['example.org', 'bücher.example'], 'ada@EXAMPLE.org') // true
 */
export async function allowsEmail(rule: EmailRule, address: string): Promise<boolean> {
  return judgeEmail(rule, address)
}

/** The same at once, unless the rule is a function that answers later. */
export function judgeEmail(rule: EmailRule, address: string): boolean | Promise<boolean> {
  const parsed = parseEmail(address)
  if (!parsed) return false
  if (typeof rule === 'function') return rule(parsed.address)
  const domain = domainOf(parsed)
  return [rule].flat().some(allowed => domainKey(allowed) === domain)
}

// Read by the same parser as the address, so that the two cannot disagree on what a domain is.
function domainKey(domain: string): string | null {
  const parsed = parseEmail(`x@${domain.trim()}`)
  return parsed && domainOf(parsed)
}
