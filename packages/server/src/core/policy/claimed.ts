/**
 * Whose an account is, as far as its mailboxes tell. One none of whose addresses was ever verified may have been made by a stranger who waits for the owner
 * of the address to come and use it (pre-hijacking). The other way round, an address beside a verified one may be a typo's or a stranger's. Both are judged
 * on the latchkey face alone: apps that come from accounts-js have many such accounts and addresses that are all right.
 */
import type { Core } from '../core.ts'
import { emailKey } from '../identity/email.ts'
import type { User } from '../identity/user.ts'

/** True when nobody has shown yet that the account is theirs. */
export const isUnclaimed = ({ emails }: Pick<User, 'emails'>): boolean => !emails.some(({ verified }) => verified)

/** May a link to this address lead into the account? Where another address was verified, only once this one is as well. */
export const leadsIn = ({ settings }: Core, user: Pick<User, 'emails'>, key: string | null): boolean =>
  settings.face !== 'latchkey' || isUnclaimed(user) || user.emails.some(({ address, verified }) => verified && emailKey(address) === key)
