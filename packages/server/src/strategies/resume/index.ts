import { AccountsError } from '@latchkey/common'
import type { Core } from '../../core/core.ts'
import { checkResume } from '../../core/session/check.ts'
import type { Strategy } from '../../core/strategy.ts'

/**
 * Continues a session by its resume secret (Meteor's login token). Never opens a session, never rotates the secret and never prolongs its life.
 * @example
 * import { resume } from '@latchkey/server/strategies/resume'
 * const services = { resume: resume() }
 * console.log(services.resume.name) // resume
 */
export function resume(): Strategy<{ resume: string }> {
  let core: Core
  return {
    name: 'resume',
    attach(given) {
      core = given
    },
    parse(options) {
      if (typeof options !== 'object' || options === null || !('resume' in options)) return undefined
      if (typeof options.resume !== 'string') throw new AccountsError('MatchFailed', { details: { field: 'resume' } })
      return { resume: options.resume }
    },
    async authenticate({ resume: secret }) {
      const { session, user } = await checkResume(core, secret)
      return { userId: user.id, factor: { name: 'resume', kind: 'holds', at: core.clock.now() }, session }
    },
  }
}
