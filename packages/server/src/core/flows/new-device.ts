import type { Core } from '../core.ts'
import { deviceLabel } from '../device.ts'
import type { User } from '../identity/user.ts'
import type { OutboxMail } from '../mail/outbox-mail.ts'
import { readKnownDevice } from '../policy/known-device.ts'
import type { LoginCandidate } from '../store.ts'
import type { Origin } from '../strategy.ts'

/** The mail that tells a user of a login from a device not seen before, if there is reason for one (ASVS 6.3.5). */
export function newDeviceMail(core: Core, user: User, candidate: LoginCandidate, origin: Origin): OutboxMail | null {
  const to = user.emails.find(email => email.verified)
  if (!core.settings.newDeviceMail || !to || candidate.deviceSeen) return null
  if (readKnownDevice(core.keys, core.clock, origin.device, user.id).known) return null
  const data = { device: deviceLabel(origin.userAgent), ip: origin.ip, at: core.clock.now() }
  return core.outbox.compose('newDevice', { to: to.address, user, data })
}
