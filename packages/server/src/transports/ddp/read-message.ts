/** Reading what a client sent. It may be anything: nothing here throws, except {@link readParams} with an error that is meant for the client. */
import { EJSON, EJSONError, MeteorError } from '@latchkey/common/ddp'
import type { ErrorMessage, MethodMessage, SubMessage } from '@latchkey/common/ddp'

/** A message of some kind; the rest is still to be looked at. */
export type Incoming = { readonly msg: string } & Readonly<Record<string, unknown>>

/** The message of a frame, or what to answer in its place. */
export function readFrame(frame: string): { message: Incoming } | { error: ErrorMessage } {
  let json: unknown
  try {
    json = JSON.parse(frame)
  } catch {
    return { error: refusal('Bad request') }
  }
  return isIncoming(json) ? { message: json } : { error: refusal('Bad request', json) }
}

const isIncoming = (json: unknown): json is Incoming =>
  typeof json === 'object' && json !== null && 'msg' in json && typeof json.msg === 'string' && json.msg !== ''

export const isMethod = (message: Incoming): message is Incoming & MethodMessage =>
  typeof message['id'] === 'string' &&
  typeof message['method'] === 'string' &&
  isList(message['params']) &&
  (message['randomSeed'] === undefined || typeof message['randomSeed'] === 'string')

export const isSub = (message: Incoming): message is Incoming & SubMessage =>
  typeof message['id'] === 'string' && typeof message['name'] === 'string' && isList(message['params'])

const isList = (params: unknown): boolean => params === undefined || Array.isArray(params)

/** The parameters, as values. @throws MeteorError 400 when they are no EJSON */
export function readParams({ params = [] }: { readonly params?: readonly unknown[] }): unknown[] {
  try {
    return params.map(one => EJSON.fromJSONValue(one))
  } catch (error) {
    if (error instanceof EJSONError) throw new MeteorError(400, 'Match failed')
    throw error
  }
}

/** Tells the client which message was not understood. */
export function refusal(reason: string, offendingMessage?: unknown): ErrorMessage {
  // Only what could be a message is worth repeating.
  if (typeof offendingMessage !== 'object' || offendingMessage === null) return { msg: 'error', reason }
  try {
    JSON.stringify(offendingMessage)
  } catch {
    // JSON is read to any depth, and written only as deep as the stack.
    return { msg: 'error', reason }
  }
  return { msg: 'error', reason, offendingMessage }
}
