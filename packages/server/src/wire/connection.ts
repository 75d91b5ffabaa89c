/** A client's connection, as an app's code may hold it: the socket of a DDP session. */
export interface Connection {
  /** Names the connection as long as it lasts; a reconnecting client gets another. */
  readonly id: string
  /** Closes it. The client will try to reconnect. */
  close(): void
  /** Calls the listener once the connection is closed; at once when it is closed already. */
  onClose(listener: () => unknown): void
  /** The client's address, through the proxies that are trusted; null when unknown. */
  readonly clientAddress: string | null
  /** Headers of the request that opened the socket, by their names in lower case; cookies and credentials are not among them. */
  readonly httpHeaders: Readonly<Record<string, string>>
}
