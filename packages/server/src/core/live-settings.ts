import { AccountsError } from '@latchkey/common'
import { readSettings } from './settings.ts'
import type { GivenSettings, Settings } from './settings.ts'

/** Settings that can be changed while the server runs. */
export interface LiveSettings {
  /** The settings in force. Whoever keeps this object sees every change; whoever copies out of it does not. */
  readonly settings: Settings
  /** Reads everything anew with these changes. @throws AccountsError `InvalidSettings`, and then nothing has changed */
  readonly configure: (changes: Partial<GivenSettings>) => void
}

/** What the server is built on: to change it would take another server. */
const FIXED: ReadonlySet<string> = new Set<keyof GivenSettings>([
  'face',
  'production',
  'tokenSecret',
  'retiredSecrets',
  'cacheSize',
  'useInternalUserObjectSanitizer',
])

/** Of these a change names the parts that change. */
const GROUPS = ['session', 'password', 'limits', 'lockout', 'emailTemplates'] as const satisfies readonly (keyof GivenSettings)[]

/** @param services what the ways to sign in say about passwords, asked again at each change; what the app says goes before it */
export function liveSettings(given: GivenSettings, services: () => GivenSettings['password'] = () => ({})): LiveSettings {
  const read = (wanted: GivenSettings): Settings => readSettings({ ...wanted, password: { ...services(), ...wanted.password } })
  let inForce = given
  const settings = { ...read(given) }
  return {
    settings,
    configure(changes) {
      for (const name of Object.keys(changes)) {
        if (!FIXED.has(name)) continue
        throw new AccountsError('InvalidSettings', { message: `${name} cannot be changed while the server runs: give it when you make it` })
      }
      const next = { ...inForce, ...changes, ...groupsOf(inForce, changes) }
      Object.assign(settings, read(next))
      inForce = next
    },
  }
}

function groupsOf(before: GivenSettings, changes: Partial<GivenSettings>): Partial<GivenSettings> {
  const changed = GROUPS.filter(group => changes[group] !== undefined)
  return Object.fromEntries(changed.map(group => [group, { ...before[group], ...changes[group] }]))
}
