/** Small helpers that accounts-js's server package brings. */
import { randomBytes } from 'node:crypto'
import type { EmailRecord } from '@latchkey/common'

/**
 * So many random bytes in hexadecimal: twice as many characters.
 * @param length in bytes. @default 43
 */
export const generateRandomToken = (length: number = 43): string => randomBytes(length).toString('hex')

/**
 * The address, if the user has it; without one, the user's first.
 * @throws Error when the user has no address, or not this one
 * @example
 * import { getFirstUserEmail } from '@latchkey/server'
 * const ada = { emails: [{ address: 'ada@example.org', verified: true }] }
 * console.log(getFirstUserEmail(ada, '')) // ada@example.org
 */
export function getFirstUserEmail({ emails = [] }: { emails?: readonly EmailRecord[] }, address?: string): string {
  if (!address) {
    const [first] = emails
    if (!first) throw new Error("User doesn't have an email address")
    return first.address
  }
  if (!emails.some(email => email.address.toLowerCase() === address.toLowerCase())) throw new Error('No such email address for user')
  return address
}
