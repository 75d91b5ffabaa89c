/** Which address a request comes from, and over what, when proxies may stand in between. */
import { BlockList, isIP, isIPv6 } from 'node:net'
import { AccountsError } from '@latchkey/common'
import { headerOf } from './request.ts'
import type { HttpRequest } from './request.ts'

/** Whom to believe about a request. */
export interface Proxies {
  /** Is the one at `hops` steps from us (0: the peer) a proxy of ours? */
  trusts(address: string, hops: number): boolean
}

/** What is known of the connection after asking the proxies we trust. */
export interface Connection {
  /** The client; empty when unknown. */
  ip: string
  https: boolean
  /** As the client wrote it, in lower case; empty when there is none. */
  host: string
}

/** Nobody: headers of strangers are not evidence. */
const NOBODY: Proxies = { trusts: () => false }

/**
 * Reads the option `trustedProxies`.
 * @throws AccountsError `InvalidSettings`
 */
export function readProxies(given: number | readonly string[] | undefined): Proxies {
  if (given === undefined) return NOBODY
  if (typeof given === 'number') {
    if (!Number.isSafeInteger(given) || given < 0) refuse('trustedProxies must be 0 or more proxies, or a list of addresses')
    return { trusts: (_address, hops) => hops < given }
  }
  const ranges: readonly unknown[] = Array.isArray(given) ? given : refuse('trustedProxies must be a number or a list of addresses')
  const list = new BlockList()
  for (const range of ranges) addRange(list, range)
  return { trusts: address => isIP(address) !== 0 && list.check(address, familyOf(address)) }
}

/** Follows `X-Forwarded-For` from the right, where our own proxies wrote, as far as they can be trusted. */
export function readConnection(call: HttpRequest, proxies: Proxies): Connection {
  const peer = plainAddress(call.ip)
  const direct: Connection = { ip: peer, https: call.encrypted, host: (headerOf(call, 'host') ?? '').toLowerCase() }
  if (!proxies.trusts(peer, 0)) return direct
  return {
    ip: clientBehind(peer, listOf(call, 'x-forwarded-for'), proxies),
    https: (lastOf(call, 'x-forwarded-proto') ?? (call.encrypted ? 'https' : 'http')).toLowerCase() === 'https',
    host: lastOf(call, 'x-forwarded-host')?.toLowerCase() ?? direct.host,
  }
}

function clientBehind(peer: string, chain: string[], proxies: Proxies): string {
  let client = peer
  for (let hops = 0; proxies.trusts(client, hops); hops++) {
    const said = chain.pop()
    if (said === undefined) break
    const address = plainAddress(said)
    // A proxy of ours that passes on nonsense tells us nothing: it is itself the last one known.
    if (isIP(address) === 0) break
    client = address
  }
  return client
}

/** Values of a list header; several lines of it count as one (RFC 9110, 5.3). */
function listOf(call: HttpRequest, name: string): string[] {
  const value = call.headers[name]
  const joined = typeof value === 'string' ? value : (value ?? []).join(',')
  return joined === '' ? [] : joined.split(',').map(part => part.trim())
}

const lastOf = (call: HttpRequest, name: string): string | undefined => listOf(call, name).at(-1)

/** Without port, brackets and zone; an IPv4 address mapped into IPv6 as IPv4. */
function plainAddress(text: string): string {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  const unmapped = /^::ffff:([\d.]+)$/i.exec(bare)?.[1] ?? bare
  return unmapped.replace(/%.*$/, '')
}

function addRange(list: BlockList, range: unknown): void {
  const [address = '', bits, ...rest] = typeof range === 'string' ? range.split('/') : []
  const length = bits === undefined ? undefined : Number(bits)
  const longest = isIPv6(address) ? 128 : 32
  const isRange = length === undefined || (/^\d+$/.test(bits ?? '') && length <= longest)
  if (isIP(address) === 0 || rest.length > 0 || !isRange) {
    refuse(`trustedProxies takes addresses and ranges such as "10.0.0.0/8". Received ${JSON.stringify(range)}`)
  }
  if (length === undefined) list.addAddress(address, familyOf(address))
  else list.addSubnet(address, length, familyOf(address))
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4')

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}
