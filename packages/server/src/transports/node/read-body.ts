import type { IncomingMessage } from 'node:http'
import { AccountsError } from '@latchkey/common'

/** Tells a client that waits for it (`Expect: 100-continue`) to go on. */
export type Continue = () => void

/**
 * Reads a body to its end, at most `limit` bytes of it and for at most `timeout` milliseconds.
 * @throws AccountsError `PayloadTooLarge`; `InvalidInput` when the body is late or breaks off
 */
export function readBody(req: IncomingMessage, limit: number, timeout: number, goOn: Continue): Promise<Uint8Array> {
  if (isParsed(req)) return new Promise(resolve => resolve(writtenAgain(req.body)))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const late = setTimeout(() => finish(broken('The body did not arrive in time')), timeout)

    function onData(chunk: Buffer): void {
      length += chunk.length
      if (length > limit) finish(new AccountsError('PayloadTooLarge'))
      else chunks.push(chunk)
    }
    const onEnd = (): void => finish()
    const onBreak = (): void => finish(broken('The body was not sent to its end'))

    function finish(error?: AccountsError): void {
      clearTimeout(late)
      req.off('data', onData).off('end', onEnd).off('close', onBreak).off('error', onBreak)
      if (error) reject(error)
      else resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length))
    }

    req.on('data', onData).on('end', onEnd).on('close', onBreak).on('error', onBreak)
    if (req.readableEnded || req.destroyed) return onBreak()
    goOn()
  })
}

const broken = (message: string): AccountsError => new AccountsError('InvalidInput', { message, details: { field: 'body' } })

/** A body parser that stood in front (accounts-js's documentation says to use one) has taken the bytes; what it made of them will do. */
const isParsed = (req: IncomingMessage): req is IncomingMessage & { body: unknown } =>
  req.readableEnded && 'body' in req && req.body !== undefined

/** @throws AccountsError `InvalidInput` for what cannot be JSON: a parser goes deeper into a body than any writer can */
function writtenAgain(body: unknown): Uint8Array {
  if (typeof body === 'string' || Buffer.isBuffer(body)) return Buffer.from(body)
  try {
    return Buffer.from(JSON.stringify(body))
  } catch {
    throw broken('The body is nested too deeply, or is no JSON')
  }
}
