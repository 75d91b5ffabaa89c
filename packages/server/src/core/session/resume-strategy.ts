import { AccountsError, isAccountsError } from '@latchkey/common'
import type { Core } from '../core.ts'
import { checkResume } from './check.ts'
import { hashSecret } from './secret.ts'
import { deadline } from './session.ts'
import type { Session } from './session.ts'
import type { Proof, Strategy } from '../strategy.ts'

/** The way to sign in that continues a session by its resume secret. Every transport that hands such secrets out takes them back by it. */
export function resumeStrategy(): Strategy<{ resume: string }> {
  let core: Core
  return {
    name: 'resume',
    continues: true,
    attach(given) {
      core = given
    },
    parse(options) {
      if (typeof options !== 'object' || options === null || !('resume' in options)) return undefined
      if (typeof options.resume !== 'string') throw new AccountsError('MatchFailed', { details: { field: 'resume' } })
      return { resume: options.resume }
    },
    async authenticate({ resume: secret }) {
      try {
        const { session, user } = await checkResume(core, secret)
        return { ...proofOf(core, user.id), session }
      } catch (error) {
        if (!isAccountsError(error) || error.code !== 'InvalidSession') throw error
        const over = await expired(core, secret)
        if (!over) throw new AccountsError('SessionNotFound', { detail: error.detail ?? error.message })
        return { ...proofOf(core, over.userId), error }
      }
    },
  }
}

const proofOf = ({ clock }: Core, userId: string): Proof => ({ userId, factor: { name: 'resume', kind: 'holds', at: clock.now() } })

/** The session, if nothing but time ended it. Of one that was ended nobody learns more than that it is not there. */
async function expired({ store, clock }: Core, secret: string): Promise<Session | null> {
  const found = await store.sessions.findByResume(hashSecret(secret))
  return found && found.session.endedAt === undefined && clock.now() >= deadline(found.session) ? found.session : null
}
