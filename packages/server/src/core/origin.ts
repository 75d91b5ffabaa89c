import type { ConnectionInformations } from '@latchkey/common'
import type { Origin } from './strategy.ts'

/** Where a call came from when the app itself made it: what it was told about the connection. */
export function originOf({ ip, userAgent, ...extra }: ConnectionInformations): Origin {
  return { ip: ip ?? '', userAgent: userAgent ?? '', connectionId: '', transport: 'app', extra }
}

/** For deeds of the app's own code, which have no connection to tell of. */
export const APP: Origin = originOf({})
