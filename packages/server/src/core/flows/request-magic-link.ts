import { AccountsError } from '@latchkey/common'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import type { User } from '../identity/user.ts'
import { hashSecret, newSecret } from '../session/secret.ts'
import type { Secret } from '../session/secret.ts'
import type { LoginLinks, Origin } from '../strategy.ts'
import type { OneTimeToken } from '../token/one-time-token.ts'
import { findAddressee } from './mail-request.ts'
import type { Manner } from './mail-request.ts'

/**
 * Sends a link to sign in, in the place of earlier ones. X * @throws AccountsError `ServiceNotFound` when no service redeems such links, `InvalidEmail`, `UserNotFound`, `TooManyAttempts`
 */
export async function requestMagicLinkEmail(core: Core, address: unknown, origin: Origin, manner?: Manner): Promise<void> {
  const links = linksOf(core)
  const { user, email } = await findAddressee(core, address, origin, manner, { messages: links.messages, forLinkIn: true })
  const to = email.address
  const secret = newSecret(core.chance)
  const token = linkTo(core, links, user, to, secret)
  const mail = core.outbox.compose('magicLink', { to: user ? to : '', user, token: secret, expiresAt: token.expiresAt })
  const audit = [auditEvent(core, 'login-link-requested', origin, { userId: user?.id ?? null })]
  await core.store.tokens.issue(token, { mail: [mail], audit })
  core.outbox.kick()
}

function linkTo(core: Core, { lifetime }: LoginLinks, user: User | null, to: string, secret: Secret): OneTimeToken {
  const now = core.clock.now()
  return {
    hash: hashSecret(secret),
    purpose: 'login-link',
    userId: user?.id ?? null,
    // One place per user, whatever the address, so that a new link takes that of every earlier one. Decoys stay out of each other's way.
    address: user ? '' : to,
    data: { address: to, epoch: user?.epoch ?? 0 },
    tries: 0,
    createdAt: now,
    expiresAt: now + lifetime,
  }
}

function linksOf({ strategies }: Core): LoginLinks {
  for (const { loginLinks } of strategies.values()) if (loginLinks) return loginLinks
  throw new AccountsError('ServiceNotFound', { message: 'No service with the name magicLink was registered.' })
}
