/**
 * Plays a recorded conversation with Meteor to a server of ours: says what the clients said, and compares what comes back, byte for byte on each connection.
 *
 * A recording has names in the place of what differs from run to run: `<id1>`, `<secret43_1>`, `<ms>`. What a name stands for is learnt where it first comes
 * back, and has to be the same from there on.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'

/** One line of a recording. */
export type Line = { kind: 'said' | 'heard'; by: string; text: string } | { kind: 'closed'; by: string } | { kind: 'note'; text: string }

/** Reads a recording. */
export function readRecording(recording: string): Line[] {
  return recording
    .split('\n')
    .filter(line => line.trim() !== '')
    .map((line): Line => {
      const said = /^(\w) (->|<-) (.*)$/.exec(line)
      // Each group is there when the whole fits.
      if (said) return { kind: said[2] === '->' ? 'said' : 'heard', by: said[1] as string, text: said[3] as string }
      const closed = /^(\w) -- closed by server$/.exec(line)
      return closed ? { kind: 'closed', by: closed[1] as string } : { kind: 'note', text: line.trim() }
    })
}

/** What names of one kind may stand for. */
const SHAPES: readonly [RegExp, string][] = [
  [/^id\d+$/, String.raw`[\w-]+`],
  [/^secret43_\d+$/, String.raw`[\w-]{43}`],
  [/^(ms|n|seconds)$/, String.raw`\d+`],
  [/^base32_\d+$/, '[A-Z2-7]{32}'],
  [/^base64 or svg text$/, '.+?'],
]
/** Never the same twice. */
const LOOSE: ReadonlySet<string> = new Set(['ms', 'n', 'seconds', 'base64 or svg text'])

const NAME = /<(\w+|base64 or svg text)>(\(UPPER\))?/g

/** What the names of one recording stand for. */
export class Names {
  readonly #known = new Map<string, string>()
  /** Made when a client says a name that nobody has said before. */
  readonly #make: (name: string) => string

  constructor(make: (name: string) => string) {
    this.#make = make
  }

  /** What a name stands for; a code of an authenticator app each time for another one. */
  of(name: string): string {
    if (name === 'totp') return this.#make(name)
    const known = this.#known.get(name) ?? this.#make(name)
    this.#known.set(name, known)
    return known
  }

  learn(name: string, value: string): void {
    this.#known.set(name, value)
  }

  /** A frame as a client says it here. */
  filled(text: string): string {
    return text.replaceAll(NAME, (_all, name: string, upper?: string) => (upper ? this.of(name).toUpperCase() : this.of(name)))
  }

  /** Is this the frame that was recorded? Learns the names that are new in it. */
  fits(text: string, frame: string): boolean {
    const learning: string[] = []
    let pattern = ''
    let at = 0
    for (const { 0: all, 1: name = '', 2: upper, index } of text.matchAll(NAME)) {
      pattern += escaped(text.slice(at, index))
      at = index + all.length
      const known = this.#known.get(name)
      const shape = SHAPES.find(([kind]) => kind.test(name))?.[1]
      if (known !== undefined && !LOOSE.has(name)) pattern += escaped(upper ? known.toUpperCase() : known)
      else if (shape === undefined) throw new Error(`Nobody knows what <${name}> stands for in ${text}`)
      else if (LOOSE.has(name)) pattern += shape
      else if (learning.includes(name)) pattern += `\\${learning.indexOf(name) + 1}`
      else {
        pattern += `(${shape})`
        learning.push(name)
      }
    }
    const found = new RegExp(`^${pattern}${escaped(text.slice(at))}$`, 's').exec(frame)
    for (const [index, name] of learning.entries()) if (found?.[index + 1] !== undefined) this.learn(name, found[index + 1] ?? '')
    return found !== null
  }
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)

/** The digest of a password, as Meteor's clients send it. */
export const digestOf = (password: string): string => createHash('sha256').update(password).digest('hex')

/** One client of a recording. */
export class Talker {
  readonly #socket: WebSocket
  readonly #heard: string[] = []
  readonly #closed: Promise<unknown>
  #waiting: (() => void) | undefined
  #calls = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    this.#closed = once(socket, 'close')
    socket.on('message', (data: Buffer) => {
      this.#heard.push(data.toString())
      this.#waiting?.()
    })
    socket.on('close', () => this.#waiting?.())
  }

  static async at(url: string): Promise<Talker> {
    const socket = new WebSocket(url)
    const talker = new Talker(socket)
    await once(socket, 'open')
    return talker
  }

  say(frame: string): void {
    this.#socket.send(frame)
  }

  /** The next frame; undefined when the server closed the socket instead. */
  async hear(): Promise<string | undefined> {
    while (this.#heard.length === 0 && this.#socket.readyState === WebSocket.OPEN)
      // The next one is what we wait for
      await new Promise<void>(resolve => {
        this.#waiting = resolve
      })
    return this.#heard.shift()
  }

  /** What was heard and has not been looked at. */
  get rest(): readonly string[] {
    return this.#heard
  }

  /** Calls a method that is not in the recording. */
  async call(method: string, ...params: unknown[]): Promise<Record<string, unknown>> {
    const id = `unrecorded-${(this.#calls += 1)}`
    this.say(JSON.stringify({ msg: 'method', id, method, params }))
    let result: Record<string, unknown> | undefined
    let isVisible = false
    while (!result || !isVisible) {
      // One frame after the other
      const frame = await this.hear()
      if (frame === undefined) throw new Error(`The socket was closed by ${method}`)
      const message = JSON.parse(frame) as Record<string, unknown>
      if (message.msg === 'result' && message.id === id) result = message
      if (message.msg === 'updated' && (message.methods as string[]).includes(id)) isVisible = true
    }
    if (result.error) throw new Error(`${method} was refused: ${JSON.stringify(result.error)}`)
    return result.result as Record<string, unknown>
  }

  closed(): Promise<unknown> {
    return this.#closed
  }

  leave(): void {
    this.#socket.terminate()
  }
}
