import { AccountsError } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { emailKey, parseEmail } from '../identity/email.ts'
import type { User } from '../identity/user.ts'
import { accountName } from '../policy/account-name.ts'
import { hashSecret, newSecret } from '../session/secret.ts'
import type { Secret } from '../session/secret.ts'
import type { LoginLinks, Origin } from '../strategy.ts'
import type { OneTimeToken } from '../token/one-time-token.ts'

/**
 * Sends a link to sign in, in the place of earlier ones. An unknown address costs the same work and, with ambiguous messages, answers the same.
 * @throws AccountsError `ServiceNotFound` when no service redeems such links, `InvalidEmail`, `UserNotFound`, `TooManyAttempts`
 */
export async function requestMagicLinkEmail(core: Core, address: unknown, origin: Origin): Promise<void> {
  const links = linksOf(core)
  const email = parseEmail(address)
  if (!email) throw refusal(links, 'InvalidEmail', 'email')
  await core.limiter.hit('mail', { ip: origin.ip, account: accountName({ kind: 'email', key: email.key }) })
  const found = await core.store.users.find({ kind: 'email', key: email.key })
  if (!found && !core.settings.ambiguousErrorMessages) throw refusal(links, 'UserNotFound')
  const user = found?.deactivatedAt === undefined ? found : null
  // To the address as it is kept, never as it was typed: look-alikes that share a key must not receive the link.
  const to = user?.emails.find(one => emailKey(one.address) === email.key)?.address ?? email.address
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

function refusal({ messages }: LoginLinks, code: ErrorCode, field?: string): AccountsError {
  const message = messages[code]
  return new AccountsError(code, { ...(message === undefined ? {} : { message }), ...(field === undefined ? {} : { details: { field } }) })
}
