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
  post(route: string, body: unknown, headers?: Record<string, string>): Promise<RawAnswer>
  close(): void
}

export function rawCaller(url: string): RawCaller {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    post: (route, body, headers = {}) =>
      new Promise((resolve, reject) => {
        const text = JSON.stringify(body)
        const began = performance.now()
        const sent = request(`${url}/accounts/${route}`, {
          agent,
          method: 'POST',
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers },
        })
        sent.on('error', reject)
        sent.on('response', answer => {
          let received = ''
          answer.setEncoding('utf8')
          answer.on('data', (chunk: string) => (received += chunk))
          answer.on('error', reject)
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              headers: headersOf(answer.rawHeaders),
              body: received,
              took: performance.now() - began,
            }),
          )
        })
        sent.end(text)
      }),
    close: () => agent.destroy(),
  }
}

function headersOf(raw: readonly string[]): string {
  const lines: string[] = []
  for (let at = 0; at < raw.length; at += 2) if (raw[at]?.toLowerCase() !== 'date') lines.push(`${raw[at]}: ${raw[at + 1]}`)
  return lines.join('\n')
}
