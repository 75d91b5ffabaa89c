/** Who may see `/dev/*`: a person at this very machine. Behind it lie mails with links that take over accounts. */
import { BlockList, isIP } from 'node:net'

/** What the gate looks at. Header names in lower case. */
export interface GatedRequest {
  /** Address of the other end of the connection itself. */
  peer: string
  headers: Readonly<Record<string, string | string[] | undefined>>
}

/**
 * True for a loopback peer that asked for a loopback host. The peer keeps out the network, also when the server listens on all addresses; the
 * host keeps out a foreign page whose name was pointed at 127.0.0.1 (DNS rebinding). Forwarding headers never let anybody in; they only keep
 * out: a tunnel or proxy on this machine that says whom it stands for does not lend strangers its loopback address.
 */
export function mayOpenDev({ peer, headers }: GatedRequest): boolean {
  return isLoopback(peer) && isLoopbackHost(headers['host']) && forwardedFor(headers).every(isLoopback)
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d)/i, '')
  const version = isIP(plain)
  return version !== 0 && LOOPBACK.check(plain, version === 4 ? 'ipv4' : 'ipv6')
}

function isLoopbackHost(host: string | string[] | undefined): boolean {
  const name = typeof host === 'string' ? /^(\[[^\]]+\]|[^:]+)(?::\d{1,5})?$/.exec(host.toLowerCase())?.[1] : undefined
  return name !== undefined && (name === 'localhost' || isLoopback(name.replace(/^\[(.*)\]$/, '$1')))
}

function forwardedFor(headers: GatedRequest['headers']): string[] {
  const { forwarded } = headers
  const chain = [headers['x-forwarded-for'] ?? [], headers['x-real-ip'] ?? []].flat().flatMap(line => line.split(','))
  const named = [
    ...[forwarded ?? []]
      .flat()
      .join(',')
      .matchAll(/for="?([^;,"]+)/gi),
  ].map(match => match[1] ?? '')
  return [...chain, ...named].map(part => part.trim().replace(/^\[([^\]]*)\](?::\d+)?$|^([\d.]+):\d+$/, '$1$2')).filter(part => part !== '')
}
