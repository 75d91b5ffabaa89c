import type { Tokens } from '@latchkey/common'
import type { Headers } from './transport.ts'

/** The client's headers under a caller's own, which win whatever the case of their names: sent in two cases, one name would be two headers. */
export function withOwn(clients: Headers, own: Headers = {}): Headers {
  const named = Object.keys(own).map(name => name.toLowerCase())
  return { ...Object.fromEntries(Object.entries(clients).filter(([name]) => !named.includes(name.toLowerCase()))), ...own }
}

/** The header that carries a session; none without tokens. */
export const bearer = (tokens: Tokens | null | undefined): Headers => (tokens ? { Authorization: `Bearer ${tokens.accessToken}` } : {})
