import { EJSON, MeteorError } from '@latchkey/common/ddp'
import { guarded } from './guarded.ts'

/** How a method is called. */
export interface ApplyOptions {
  /** Sent when every earlier method is through, and every later one waits for it. So logins are called. @default false */
  wait?: boolean
  /**
   * Not sent a second time when the connection is cut before the answer: it then fails with `invocation-failed`, and whether it ran is not known.
   * @default false
   */
  noRetry?: boolean
  /** Called when the answer arrives, which can be before the documents it changed have. */
  onResultReceived?: MethodCallback
}

/** Told how a method went: an error, or its result. */
export type MethodCallback = (error: MeteorError | undefined, result?: unknown) => void

interface Outcome {
  error?: MeteorError
  result?: unknown
}

interface Method {
  readonly id: string
  readonly frame: string
  readonly options: ApplyOptions
  readonly settle: (outcome: Outcome) => void
  /** Who was signed in when it was called. */
  readonly as: string | null
  sent: boolean
  /** The answer. The method is through when the documents it changed have arrived as well. */
  outcome: Outcome | undefined
  updated: boolean
}

/** What {@link Methods} needs of its connection. */
export interface MethodsPort {
  send(frame: string): void
  /** Runs the work when everything that has arrived is shown. */
  whenShown(work: () => void): void
  /** What had to be done first on this session, a sign-in usually, has failed. */
  stepFailed(): void
  /** Who is signed in. */
  userId(): string | null
  /** How many methods may wait for their answers. */
  most: number
}

/** So many are sent before the first answer. Servers close connections on which more piles up than they care to keep. */
const AT_ONCE = 250

/** The methods that are not through, in the order they were called. */
export class Methods {
  readonly #port: MethodsPort
  /** Called by what runs on a new session before all else; each session has its own. */
  #first = new Map<string, Method>()
  readonly #queue = new Map<string, Method>()
  #lastId = 0
  #open = false
  #stepping = false

  constructor(port: MethodsPort) {
    this.#port = port
  }

  get waiting(): boolean {
    return this.#first.size + this.#queue.size > 0
  }

  call(name: string, params: readonly unknown[], options: ApplyOptions, callback: MethodCallback | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#first.size + this.#queue.size >= this.#port.most) {
        const error = new MeteorError('too-many-methods', `${this.#port.most} methods wait for an answer already`)
        guarded(() => callback?.(error))
        throw error
      }
      const id = String(++this.#lastId)
      // Written down now: what the app does to its objects afterwards changes nothing
      const frame = JSON.stringify({ msg: 'method', method: name, params: params.map(one => EJSON.toJSONValue(one)), id })
      const settle = ({ error, result }: Outcome): void => {
        guarded(() => callback?.(error, result))
        if (error) reject(error)
        else resolve(result)
      }
      const methods = this.#stepping ? this.#first : this.#queue
      methods.set(id, { id, frame, options, settle, as: this.#port.userId(), sent: false, outcome: undefined, updated: false })
      this.#send()
    })
  }

  /**
   * A new session: what was not answered is sent again, after what `steps` calls.
   * @returns the ids of the methods whose data belongs to what this session has to show first; undefined: somebody who was told has left it again
   */
  begin(steps: () => void): string[] | undefined {
    // The steps call theirs anew; an answer to the old ones would be of a session that is gone
    this.#first = new Map()
    this.#open = false
    const failed = this.#giveUpUnrepeatable()
    for (const method of this.#queue.values()) {
      // Answered, and the documents come with everything else this session sends
      if (method.outcome) this.#port.whenShown(() => this.#finish(method))
      else Object.assign(method, { sent: false, updated: false })
    }
    this.#open = true
    this.#stepping = true
    try {
      steps()
    } finally {
      this.#stepping = false
    }
    this.#send()
    const awaited = [...this.#first.values(), ...this.#queue.values()].filter(method => method.sent && !method.outcome)
    failed()
    return this.#open ? awaited.map(method => method.id) : undefined
  }

  /**
   * The old session goes on. Whether a method reached the server before the cut is not known, so those without an answer are sent again. `once`: the
   * server runs none of them twice.
   * @returns false: somebody who was told has left the session again
   */
  resume(once: boolean): boolean {
    const failed = once ? () => {} : this.#giveUpUnrepeatable()
    for (const method of this.#inOrder()) {
      if (!method.outcome) method.sent = false
    }
    this.#open = true
    this.#send()
    failed()
    return this.#open
  }

  /** Nothing can be sent for the time being. */
  cut(): void {
    this.#open = false
  }

  answered(id: string, outcome: Outcome): void {
    const method = this.#first.get(id) ?? this.#queue.get(id)
    if (!method?.sent || method.outcome) return
    method.outcome = outcome
    if (outcome.error && this.#first.has(id)) this.#port.stepFailed()
    guarded(() => method.options.onResultReceived?.(outcome.error, outcome.result))
    this.#checkThrough(method)
  }

  updated(id: string): void {
    const method = this.#first.get(id) ?? this.#queue.get(id)
    if (!method?.sent) return
    method.updated = true
    this.#checkThrough(method)
  }

  /** The server closed the connection over a message that is too big. Sent again, the biggest would close every further one too. */
  giveUpBiggest(): void {
    const sent = this.#inOrder().filter(method => method.sent && !method.outcome)
    const biggest = sent.toSorted((a, b) => b.frame.length - a.frame.length)[0]
    if (!biggest) return
    this.#first.delete(biggest.id)
    this.#queue.delete(biggest.id)
    biggest.settle({ error: new MeteorError('message-too-big', 'The server takes no message as big as this call') })
  }

  /** The new session is this user's: what somebody else called on an earlier one, and got no answer to, must not run as theirs. */
  leaveTo(userId: string): void {
    // A map may be emptied while it is walked
    for (const method of this.#queue.values()) {
      if (method.as === null || method.as === userId || method.outcome) continue
      this.#queue.delete(method.id)
      method.settle({ error: new MeteorError('invocation-failed', 'Somebody else is signed in since the connection was cut') })
    }
  }

  /** Fails all that are not through. */
  fail(error: MeteorError): void {
    const methods = this.#inOrder()
    this.#first.clear()
    this.#queue.clear()
    for (const { settle } of methods) settle({ error })
  }

  /** In the order of their calls; one that waits lets nobody pass it, on either side. */
  #send(): void {
    // The steps go first: what they call is sent when they are through
    if (!this.#open || this.#stepping) return
    let ahead = 0
    for (const method of this.#inOrder()) {
      if ((method.options.wait && ahead > 0) || ahead === AT_ONCE) return
      if (!method.sent) {
        method.sent = true
        this.#port.send(method.frame)
      }
      if (method.options.wait) return
      ahead++
    }
  }

  #checkThrough(method: Method): void {
    if (method.outcome && method.updated) this.#port.whenShown(() => this.#finish(method))
  }

  #finish(method: Method): void {
    const methods = this.#first.get(method.id) === method ? this.#first : this.#queue
    if (methods.get(method.id) !== method || !method.outcome) return
    methods.delete(method.id)
    method.settle(method.outcome)
    this.#send()
  }

  #giveUpUnrepeatable(): () => void {
    const lost = [...this.#queue.values()].filter(method => method.options.noRetry && method.sent && !method.outcome)
    for (const { id } of lost) this.#queue.delete(id)
    const error = new MeteorError('invocation-failed', 'The connection was cut before the answer came; whether the method ran is not known')
    return () => {
      for (const { settle } of lost) settle({ error })
    }
  }

  #inOrder(): Method[] {
    return [...this.#first.values(), ...this.#queue.values()]
  }
}
