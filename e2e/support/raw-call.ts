/** One request at a time over one connection, with the answer kept byte for byte: what somebody sees who compares answers. */
import { Agent, request } from 'node:http'

/** An answer as it came over the wire. */
export interface RawAnswer {
  status: number
  /** Names and values in the order in which they were sent, without `Date`, which no two answers share. */
  headers: string
  body: string
  /** Milliseconds from sending to the last byte. */
  took: number
}

/** Somebody with one connection. Close it. */
export interface RawCaller {
  get(route: string, headers?: Record<string, string>): Promise<RawAnswer>
  post(route: string, body: unknown, headers?: Record<string, string>): Promise<RawAnswer>
  close(): void
}

export function rawCaller(url: string): RawCaller {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const send = (method: string, route: string, headers: Record<string, string>, text?: string): Promise<RawAnswer> =>
    new Promise((resolve, reject) => {
      const began = performance.now()
      const type = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }
      const sent = request(`${url}/accounts/${route}`, { agent, method, headers: { ...type, ...headers } })
      sent.on('error', reject)
      sent.on('response', answer => {
        let body = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => (body += chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const took = performance.now() - began
          resolve({ status: answer.statusCode ?? 0, headers: headersOf(answer.rawHeaders), body, took })
        })
      })
      sent.end(text)
    })
  return {
    get: (route, headers = {}) => send('GET', route, headers),
    post: (route, body, headers = {}) => send('POST', route, headers, JSON.stringify(body)),
    close: () => agent.destroy(),
  }
}

function headersOf(raw: readonly string[]): string {
  const lines: string[] = []
  for (let at = 0; at < raw.length; at += 2) if (raw[at]?.toLowerCase() !== 'date') lines.push(`${raw[at]}: ${raw[at + 1]}`)
  return lines.join('\n')
}
