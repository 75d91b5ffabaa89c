/**
 * Where the socket of a DDP server is, from what people call it: `https://example.com`, `ws://example.com/websocket`, `example.com:3000/prefix`, or a path
 * on the page's own server (`/`, `/prefix`).
 * @throws TypeError when it is no such address.
 */
export function toSocketUrl(given: string): string {
  const url = parse(given.trim())
  const scheme = SCHEMES[url?.protocol ?? '']
  if (!url || !scheme)
    throw new TypeError(
      `Not the address of a DDP server: "${given}". Such are https://example.com, wss://example.com/prefix and example.com:3000`,
    )
  const path = url.pathname.replace(/\/+$/, '')
  return `${scheme}//${url.host}${path.endsWith('/websocket') ? path : `${path}/websocket`}${url.search}`
}

const SCHEMES: Record<string, string> = { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' }

function parse(given: string): URL | undefined {
  const page = typeof location === 'object' ? location : undefined
  if (given.startsWith('/')) return page && toUrl(given, page.href)
  if (/^\w[\w+.-]*:\/\//.test(given)) return toUrl(given)
  // A bare host: a page that came encrypted may open encrypted sockets only
  return given ? toUrl(`${page?.protocol === 'https:' ? 'https' : 'http'}://${given}`) : undefined
}

function toUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
