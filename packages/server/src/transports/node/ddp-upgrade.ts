/** Upgrades that lead nowhere here. */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** Answers an upgrade by hand, as there is no response object for it, and hangs up. */
export function refuseUpgrade(socket: Duplex, status: string): void {
  if (!socket.writable) return void socket.destroy()
  socket.on('error', () => {})
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
}

/**
 * Serves an upgrade to something else (HTTP/2 in clear, as Java's client offers with every request) as the plain request it is too (RFC 9110, 7.8: an offer may be
 * ignored). Node does so itself as long as nobody listens for upgrades. The connection begins anew, with the request as it came but for the offer.
 */
export function serveAgain(server: Server, req: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${req.method} ${req.url} HTTP/${req.httpVersion}`]
  const { rawHeaders } = req
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]]
    if (!OFFERING.includes(name.toLowerCase())) lines.push(`${name}: ${value}`)
  }
  // Node reads header bytes as latin1, so they go back as what they were.
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('connection', socket)
}

const OFFERING: readonly string[] = ['upgrade', 'connection', 'http2-settings']
