import type { Core } from '../core.ts'
import type { User } from '../identity/user.ts'
import type { Origin } from '../strategy.ts'
import { judgeNewUser } from './judge-new-user.ts'
import { hasherOf, readNewPassword } from './new-password.ts'
import { alreadyExists, askValidateNewUser, insertUser, readDraft, refuseTaken, withoutPassword } from './register.ts'
import type { Registration } from './register.ts'

/**
 * Signs somebody up for the app's own code: the rules and hooks of `register`, but no limits, and nothing hidden. Without a password the user gets in by
 * an enrolment link, a link to sign in or a provider.
 * @throws AccountsError `UsernameOrEmailRequired`, `InvalidUsername`, `InvalidEmail`, `UsernameAlreadyExists`, `EmailAlreadyExists`, `InvalidPassword`,
 * `Busy`, and what `validateNewUser` and hooks for new users throw, in this order
 */
export async function createAccount(core: Core, input: Registration, origin: Origin): Promise<User> {
  const draft = readDraft(core, input)
  await refuseTaken(core, draft)
  const { password: given } = input
  const password = given === undefined || given === null ? null : readNewPassword(core, given, draft)
  const kept = await askValidateNewUser(core, input, draft)
  const services = password === null ? {} : { password: {} }
  // Meteor's users begin with the profile that was asked for; elsewhere `validateNewUser` says what is kept.
  const defaults = core.settings.face === 'meteor' && input.profile ? { profile: input.profile } : {}
  const judged = await judgeNewUser(core, { draft: kept, options: withoutPassword(input), services, defaults })
  const stored = password === null ? null : await hasherOf(core).hash(password, { ip: origin.ip })
  const outcome = await insertUser(core, judged, stored, origin)
  // Taken since it was looked up.
  if (!outcome.inserted) throw alreadyExists(outcome.taken)
  core.outbox.kick()
  await core.hooks.tell('userCreated', { user: outcome.user, origin })
  return outcome.user
}
