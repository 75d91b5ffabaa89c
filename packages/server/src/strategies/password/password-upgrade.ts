import { isAccountsError } from '@latchkey/common'
import { auditEvent } from '../../core/audit/record.ts'
import type { Core } from '../../core/core.ts'
import type { StoredPassword } from '../../core/identity/credential.ts'
import type { PasswordInput } from '../../core/ports.ts'
import type { AuditStore, UserStore } from '../../core/store.ts'
import type { Origin } from '../../core/strategy.ts'
import type { PasswordHashing } from './password-hashing.ts'

type UpgradeCore = Pick<Core, 'clock' | 'chance' | 'log'> & {
  store: { users: Pick<UserStore, 'upgradePassword'>; audit: Pick<AuditStore, 'add'> }
}

/** A login whose password was right. */
export interface GoodLogin {
  userId: string
  stored: StoredPassword
  password: PasswordInput
  origin: Origin
}

/** Strengthens a kept hash after a good login: once the answer is out, while nobody waits for a hash, and never at the cost of the login. */
export class PasswordUpgrade {
  readonly #hashing: PasswordHashing
  /** Users whose hash is being made: of twenty logins at once one is enough. */
  readonly #underWay = new Set<string>()

  constructor(hashing: PasswordHashing) {
    this.#hashing = hashing
  }

  /** Returns at once. */
  later(core: UpgradeCore, login: GoodLogin): void {
    if (this.#hashing.isCurrent(login.stored) || this.#underWay.has(login.userId)) return
    this.#underWay.add(login.userId)
    setImmediate(() => {
      void this.#upgrade(core, login).finally(() => this.#underWay.delete(login.userId))
    })
  }

  async #upgrade(core: UpgradeCore, { userId, stored, password, origin }: GoodLogin): Promise<void> {
    try {
      const next = await this.#hashing.hash(password, origin, { low: true })
      // False: the password was changed since, and that one is current.
      if (!(await core.store.users.upgradePassword(userId, stored, next, core.clock.now()))) return
      await core.store.audit.add([auditEvent(core, 'credential-upgraded', origin, { userId, data: { from: stored.form, to: next.form } })])
    } catch (err) {
      // A busy gate is no fault.
      const level = isAccountsError(err) && err.code === 'Busy' ? 'debug' : 'warn'
      core.log[level]({ userId, err }, 'a password hash could not be strengthened; the next good login tries again')
    }
  }
}
