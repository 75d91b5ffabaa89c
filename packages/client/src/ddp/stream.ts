import { makeSource } from '../source.ts'
import type { OwnSource } from '../source.ts'
import { retryDelay } from './retry-delay.ts'
import { openSocket } from './socket.ts'
import type { Socket, WebSocketMaker } from './socket.ts'
import type { DdpTimer, DdpTimers } from './timers.ts'

/** How a connection is. */
export interface DdpStatus {
  /** `waiting`: for the next attempt. `failed`: there will be none, see `reason`. `offline`: after `disconnect()`. */
  readonly status: 'connecting' | 'connected' | 'waiting' | 'failed' | 'offline'
  readonly connected: boolean
  /** Attempts that have failed since it was last connected. */
  readonly retryCount: number
  /** When the next attempt is due, in epoch milliseconds; while waiting only. */
  readonly retryTime?: number
  /** What went wrong last; while it is not connected. */
  readonly reason?: string
}

/** What a {@link Stream} is made from. */
export interface StreamOptions {
  url: string
  webSocket: WebSocketMaker | undefined
  /** Milliseconds from the start of an attempt until the server has agreed to talk. */
  connectTimeout: number
  retry: boolean
  timers: DdpTimers
  opened: () => void
  received: (frame: string) => void
  /** The socket is gone, whatever the reason. */
  cut: () => void
  /** The server closed it because a message was too big. */
  tooBig: () => void
  /** There is no WebSocket in this place. */
  impossible: (reason: string) => void
  /** Whether somebody waits for an answer. */
  awaited: () => boolean
}

/** A socket that comes back. */
export class Stream {
  readonly status: OwnSource<DdpStatus> = makeSource<DdpStatus>({ status: 'connecting', connected: false, retryCount: 0 }, () => () => {})
  readonly #options: StreamOptions
  #socket: Socket | undefined
  #timer: DdpTimer | undefined
  #attempts = 0
  #connectedAt = 0

  constructor(options: StreamOptions) {
    this.#options = options
    // A network that is back is a better moment than the one that was planned
    if (typeof window === 'object') window.addEventListener?.('online', this.#online)
    this.#connect()
  }

  get connected(): boolean {
    return this.status.get().connected
  }

  send(frame: string): void {
    this.#socket?.send(frame)
  }

  /** The server has agreed to talk. */
  agreed(): void {
    this.#timer?.()
    this.#connectedAt = this.#options.timers.now()
    this.status.set({ status: 'connected', connected: true, retryCount: 0 })
  }

  /** The socket is of no use any more. */
  lost(reason: string): void {
    const { timers, retry, awaited } = this.#options
    this.#drop()
    if (!retry) return this.fail(reason)
    // A server that takes every connection and drops it must not be asked a hundred times a second
    if (this.#connectedAt && timers.now() - this.#connectedAt >= STEADY) this.#attempts = 0
    this.#connectedAt = 0
    const delay = retryDelay(this.#attempts, timers.random())
    this.#timer = timers.after(delay, () => this.again())
    this.#timer.hold?.(awaited())
    this.status.set({ status: 'waiting', connected: false, retryCount: this.#attempts, retryTime: timers.now() + delay, reason })
  }

  /** An attempt at once. */
  again(): void {
    this.#drop()
    this.#attempts++
    this.#connect()
  }

  /** Somebody waits for an answer now: the process must not end between two attempts. */
  hold(): void {
    if (this.status.get().status === 'waiting') this.#timer?.hold?.(true)
  }

  /** No further attempts, until {@link reconnect}. */
  fail(reason: string): void {
    this.#stop({ status: 'failed', connected: false, retryCount: this.#attempts, reason })
  }

  disconnect(): void {
    this.#stop({ status: 'offline', connected: false, retryCount: 0 })
    this.#attempts = 0
  }

  /** An attempt at once, unless it is connected or an attempt is under way. */
  reconnect(): void {
    const { status } = this.status.get()
    if (status === 'waiting') this.again()
    if (status === 'failed' || status === 'offline') this.#connect()
  }

  /** Never again. */
  close(): void {
    this.disconnect()
    if (typeof window === 'object') window.removeEventListener?.('online', this.#online)
  }

  readonly #online = (): void => {
    if (this.status.get().status === 'waiting') this.again()
  }

  #connect(): void {
    const { url, webSocket, connectTimeout, timers, opened, received, tooBig, impossible } = this.#options
    this.#timer = timers.after(connectTimeout, () => this.lost('The server did not answer in time'))
    const socket = openSocket(url, webSocket, {
      opened,
      received,
      closed: (reason, isTooBig) => {
        if (isTooBig) tooBig()
        // Whoever was told of that may have left
        if (this.#socket === socket) this.lost(reason)
      },
      impossible,
    })
    this.#socket = socket
    this.status.set({ status: 'connecting', connected: false, retryCount: this.#attempts })
  }

  #stop(status: DdpStatus): void {
    this.#drop()
    this.status.set(status)
  }

  #drop(): void {
    this.#timer?.()
    if (!this.#socket) return
    this.#socket.close()
    this.#socket = undefined
    this.#options.cut()
  }
}

/** A connection that lived so long, in milliseconds, was a good one. */
const STEADY = 10_000
