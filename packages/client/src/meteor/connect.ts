/** Which server a client belongs to. */
import { DDP } from '../ddp/index.ts'
import type { AccountsConnection } from './connection.ts'
import { nowhere } from './nowhere.ts'
import { runtimeConfig } from './runtime-config.ts'

/** A connection, and what follows from where it came from. */
export interface Chosen {
  connection: AccountsConnection
  /** Behind the names in the storage. */
  suffix: string
  /** True: nobody else has it, so it ends with the client. */
  own: boolean
  /** True: it leads to the server the page came from. */
  isOfPage: boolean
}

/**
 * The connection that is given, else one to the address that is given, else to the server of the page.
 * @throws TypeError when both are given
 */
export function chooseConnection({ connection, ddpUrl }: { connection?: AccountsConnection; ddpUrl?: string }): Chosen {
  if (connection && ddpUrl !== undefined) throw new TypeError('Give either connection or ddpUrl, not both')
  if (connection) return { connection, suffix: suffixOf(connection._stream.rawUrl), own: false, isOfPage: false }
  const url = ddpUrl ?? runtimeConfig().ACCOUNTS_CONNECTION_URL
  if (url !== undefined) return { connection: DDP.connect(url), suffix: suffixOf(url), own: true, isOfPage: false }
  const { prefix, page } = thePage()
  // The login of the page's own server has Meteor's plain names, where its own client finds it too
  if (page === undefined) return { connection: nowhere(), suffix: '', own: true, isOfPage: false }
  return { connection: DDP.connect(page), suffix: prefix ? suffixOf('/') : '', own: true, isOfPage: true }
}

function suffixOf(rawUrl: string): string {
  const { prefix } = thePage()
  return `:${rawUrl}${prefix ? `:${prefix}` : ''}`
}

/** Where the page came from; undefined where there is no page, as when it is rendered on a server. */
function thePage(): { prefix: string; page: string | undefined } {
  const { ROOT_URL_PATH_PREFIX: prefix = '', DDP_DEFAULT_CONNECTION_URL: given } = runtimeConfig()
  const hasPage = typeof window === 'object' && typeof window.location === 'object' && window.location.host !== ''
  return { prefix, page: given ?? (hasPage ? `${window.location.origin}${prefix}` : undefined) }
}
