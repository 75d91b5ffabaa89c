import type { ConnectionInformations } from '@latchkey/common'
import type { Origin } from './strategy.ts'

/** Where a call came from when the app itself made it: what it was told about the connection. */
export function originOf({ ip, userAgent, ...extra }: ConnectionInformations = {}): Origin {
  return { ip: ip ?? '', userAgent: userAgent ?? '', connectionId: '', transport: 'app', extra }
}

/** For deeds of the app's own code, which have no connection to tell of. */
export const APP: Origin = originOf({})

const OWN: ReadonlySet<string> = new Set(['app', 'cli'])

/**
 * The address to count by. Null: there is no client, the app's own code or an operator asks, and inviting a hundred people is no flood. A transport that does
 * not know its clients' addresses is another matter: those are all counted as one.
 */
export const clientOf = ({ ip, transport }: Origin): string | null => (ip === '' && OWN.has(transport) ? null : ip)
