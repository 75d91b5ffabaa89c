/** Which addresses are counted, and which count as one. */
import { BlockList, isIPv6 } from 'node:net'
import { addressOf } from '../core/policy/rate-limit.ts'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** What is counted together: IPv6 by the /64. Null: not counted, for it is unknown or on this machine, where it may be a proxy. */
export function countedAddress(address: string | null): string | null {
  const isHere = address === null || address === '' || LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  return isHere ? null : addressOf(address)
}
