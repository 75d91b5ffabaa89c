/** What all flows have in common that mail an address because somebody asks for it. */
import { AccountsError } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import type { Core } from '../core.ts'
import { emailKey, parseEmail } from '../identity/email.ts'
import type { User, UserEmail } from '../identity/user.ts'
import { clientOf } from '../origin.ts'
import { accountName } from '../policy/account-name.ts'
import { leadsIn } from '../policy/claimed.ts'
import type { Origin } from '../strategy.ts'

/** `openly`: says so when nobody has the address, whatever the settings. For the app's own code, which may know. */
export type Manner = 'openly'

/** Whom to write to. */
export interface Addressee {
  /** Null: nobody has the address, or nobody who may be written to. The flow goes on, so that it costs the same work. */
  user: User | null
  /** As it is kept, never as it was typed: look-alikes that share a key must not receive a link. */
  email: UserEmail
}

interface Asking {
  /** The caller's own texts. */
  messages?: Readonly<Partial<Record<ErrorCode, string>>>
  /** The mail leads into the account: an address that may not do so is one that nobody has. */
  forLinkIn?: boolean
}

/**
 * Reads the address, counts the request and looks for the user.
 * @throws AccountsError `InvalidEmail`, `TooManyAttempts`, and `UserNotFound` where that may be said
 */
export async function findAddressee(
  core: Core,
  address: unknown,
  origin: Origin,
  manner: Manner | undefined,
  { messages = {}, forLinkIn = false }: Asking = {},
): Promise<Addressee> {
  const refuse = (code: ErrorCode, field: string): AccountsError => {
    const message = messages[code]
    return new AccountsError(code, { details: { field }, ...(message === undefined ? {} : { message }) })
  }
  // Not by the app's own rule: an address it would not take any more may belong to somebody who is here already.
  const parsed = parseEmail(address)
  if (!parsed) throw refuse('InvalidEmail', 'email')
  await core.limiter.hit('mail', { ip: clientOf(origin), account: accountName({ kind: 'email', key: parsed.key }) })
  const found = await core.store.users.find({ kind: 'email', key: parsed.key })
  const user = found && forLinkIn && !leadsIn(core, found, parsed.key) ? null : found
  if (!user && (manner === 'openly' || !core.settings.ambiguousErrorMessages)) throw refuse('UserNotFound', 'email')
  const email = user?.emails.find(one => emailKey(one.address) === parsed.key)
  return email && user?.deactivatedAt === undefined ? { user, email } : { user: null, email: { address: parsed.address, verified: false } }
}
