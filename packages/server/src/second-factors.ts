/** Which second factors a server has. As in accounts-js, where there are passwords users can set up codes. */
import { AccountsError } from '@latchkey/common'
import type { SecondFactor, Strategy } from './core/strategy.ts'
import { TwoFactor } from './strategies/totp/index.ts'
import type { TwoFactorOptions } from './strategies/totp/index.ts'

/**
 * The factors that were given, and codes from an authenticator app when a service asks for them: made with its `twoFactorOptions`, and handed to it as its
 * `twoFactor`. A `TwoFactor` among the given ones is the one.
 * @throws AccountsError `InvalidSettings` when both are configured: two for one kind of code
 */
export function secondFactors(services: Readonly<Record<string, Strategy>>, given: readonly SecondFactor[] = []): readonly SecondFactor[] {
  const asking = Object.values(services).filter(service => asksForCodes(service))
  const [first] = asking
  if (!first) return given
  const own = given.find(factor => factor instanceof TwoFactor)
  if (own && first.twoFactorOptions !== undefined)
    throw new AccountsError('InvalidSettings', {
      message: 'Two-factor codes are configured twice: in `factors` and in `twoFactor` of the password service',
    })
  const codes = own ?? new TwoFactor(first.twoFactorOptions)
  for (const service of asking) service.twoFactor = codes
  return own ? given : [...given, codes]
}

/** A service that has codes beside it, as accounts-js's password service does. */
interface AsksForCodes extends Strategy {
  readonly twoFactorOptions: TwoFactorOptions | undefined
  twoFactor: TwoFactor | undefined
}

const asksForCodes = (service: Strategy): service is AsksForCodes => 'twoFactorOptions' in service
