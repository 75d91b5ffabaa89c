/** What every transport over HTTP reads of a request, whatever parsed it. */
export interface HttpRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Address of the peer on the other end of the connection; empty when unknown. */
  readonly ip: string
  /** The connection itself is TLS. */
  readonly encrypted: boolean
}

/** A header that may stand only once. Of several the first counts. */
export function headerOf({ headers }: Pick<HttpRequest, 'headers'>, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}
