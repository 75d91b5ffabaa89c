import { isAccountsError, keyRing, linkedAccount, seal, sealTotpSecret } from '@latchkey/server/core'
import type { Accounts, Credential } from '@latchkey/server'
import type { Sealer } from './credentials.ts'

/** Seals with the keys of the server that will open it. */
export function sealerOf({ core }: Pick<Accounts, 'core'>): Sealer {
  const ring = keyRing(core.keys)
  return {
    twoFactor: (userId, base32) => readable(() => sealTotpSecret(core, userId, base32)),
    link: (userId, provider, subject, account, now) => linkedAccount(core, { provider, subject, account }, userId, { now }),
    // What an app's own service keeps may be anything, so all of it is sealed.
    service(userId, name, options, now) {
      const kind = serviceKind(name)
      const secret = seal(ring, core.chance, JSON.stringify(options), { userId, field: kind })
      return { userId, kind, id: '', form: 'sealed-json', secret, data: {}, createdAt: now, updatedAt: now }
    },
  }
}

/** For a run that writes nothing, and so needs no key: credentials with nothing in them. */
export const dryLook: Sealer = {
  twoFactor: (userId, base32) => (BASE32.test(base32.replaceAll(/[\s=-]/g, '')) ? empty(userId, 'totp', '') : null),
  link: (userId, provider, subject) => empty(userId, `oauth:${provider}`, subject),
  service: (userId, name) => empty(userId, serviceKind(name), ''),
}

const BASE32 = /^[A-Z2-7]{8,512}$/i

const serviceKind = (name: string): string => `service:${name}`

const empty = (userId: string, kind: string, id: string): Credential => ({ userId, kind, id, data: {}, createdAt: 0, updatedAt: 0 })

function readable(made: () => Credential): Credential | null {
  try {
    return made()
  } catch (error) {
    if (isAccountsError(error) && error.code === 'InvalidInput') return null
    throw error
  }
}
