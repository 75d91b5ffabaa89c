/** A client on a bare socket: it never comes back by itself, so that a test sees when it was closed. */
import { createHash } from 'node:crypto'
import { EJSON } from '@latchkey/common/ddp'
import { WebSocket } from 'ws'
import { until } from './meteor.ts'
import { ADA, PASSWORD } from './visitor.ts'

/** What a method came to. */
export interface Outcome {
  error?: { error: unknown; reason?: string; details?: { code?: string } }
  result?: unknown
}

/** A socket whose handshake is done. */
export interface DdpSocket {
  call(method: string, ...params: unknown[]): Promise<Outcome>
  /** Everything that a call brings, to its end, as it comes, apart from the number of the call. */
  told(method: string, ...params: unknown[]): Promise<string>
  /** The login token. */
  login(password?: string, user?: string): Promise<string>
  /** The published users, as this client sees them. */
  users: Map<string, Record<string, unknown>>
  /** Everything that came, as it came. */
  heard: string[]
  /** Resolves with the time of `performance.now()` at which it was closed, by whomever. */
  closed: Promise<number>
  isClosed(): boolean
  close(): void
}

export async function openSocket(url: string, headers: Record<string, string> = {}): Promise<DdpSocket> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/websocket`, { headers })
  const users: DdpSocket['users'] = new Map()
  const heard: string[] = []
  const waiting = new Map<string, (outcome: Outcome) => void>()
  let calls = 0
  let isConnected = false
  const say = (message: object): void => ws.send(EJSON.stringify(message))
  ws.on('open', () => say({ msg: 'connect', version: '1', support: ['1'] }))
  ws.on('error', () => {})
  ws.on('message', (data: Buffer) => {
    heard.push(data.toString())
    const message = EJSON.parse(data.toString()) as { msg?: string; id?: string; collection?: string; fields?: object } & Outcome
    const { msg, id = '', collection } = message
    if (msg === 'ping') say({ msg: 'pong' })
    if (msg === 'connected') isConnected = true
    if (msg === 'result') waiting.get(id)?.(message)
    if (collection !== 'users') return
    if (msg === 'removed') users.delete(id)
    else users.set(id, { ...users.get(id), ...message.fields })
  })
  const closed = new Promise<number>(resolve => {
    ws.on('close', () => {
      resolve(performance.now())
      for (const end of waiting.values()) end(CLOSED)
    })
  })
  await until(() => isConnected || ws.readyState === WebSocket.CLOSED, 'the handshake')
  const call = (method: string, ...params: unknown[]): Promise<Outcome> => {
    if (ws.readyState === WebSocket.CLOSED) return Promise.resolve(CLOSED)
    const id = String((calls += 1))
    const outcome = new Promise<Outcome>(resolve => waiting.set(id, resolve))
    say({ msg: 'method', id, method, params })
    return outcome
  }
  return {
    call,
    async told(method, ...params) {
      const before = heard.length
      const outcome = call(method, ...params)
      const id = String(calls)
      await outcome
      await until(() => heard.some(frame => frame === `{"msg":"updated","methods":["${id}"]}`), 'the end of the call')
      return heard.slice(before).join('\n').replaceAll(`"${id}"`, '"#"')
    },
    async login(password = PASSWORD, user = ADA) {
      const { error, result } = await call('login', { user: { email: user }, password: digest(password) })
      if (error) throw new Error(`The login was refused: ${JSON.stringify(error)}`)
      return (result as { token: string }).token
    },
    users,
    heard,
    closed,
    isClosed: () => ws.readyState === WebSocket.CLOSED,
    close: () => ws.close(),
  }
}

/** Of a call that nobody answers any more. */
const CLOSED: Outcome = { error: { error: 'closed' } }

/** A password as Meteor's clients send it. */
export const digest = (password: string): { digest: string; algorithm: string } => ({
  digest: createHash('sha256').update(password).digest('hex'),
  algorithm: 'sha-256',
})
