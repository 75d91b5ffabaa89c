/** One client's DDP connection, as Meteor hands it to an app: `this.connection`, and what `onConnection` is told of. */
export interface Connection {
  readonly id: string
  /** Closes it. The client may come back. */
  close(): void
  /** Called once when it is closed; at once when it is closed already. */
  onClose(listener: () => void): void
  /** Where it comes from, behind as many proxies as were said to be ours; null when that cannot be told. */
  readonly clientAddress: string | null
  readonly httpHeaders: Readonly<Record<string, string>>
}
