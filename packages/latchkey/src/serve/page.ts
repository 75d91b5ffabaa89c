/** A request for a page and its answer, free of any server's objects. */

/** What pages look at. */
export interface PageRequest {
  method: string
  /** Path alone, as it stood in the request line. */
  path: string
  /** Address of the other end of the connection itself. */
  peer: string
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>
}

/** An answer. */
export interface PageReply {
  status: number
  headers: Record<string, string>
  body: string | Uint8Array
}

/** Answers what is its own; null: not mine. */
export type Pages = (request: PageRequest) => Promise<PageReply | null>

/** True for the methods that read. Pages have no others. */
export const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD'

/** Refuses a method on a path that exists. */
export const methodNotAllowed = (): PageReply => ({
  status: 405,
  headers: { allow: 'GET, HEAD', 'content-type': 'text/plain; charset=utf-8' },
  body: 'Method not allowed\n',
})

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text as HTML, safe in elements and in quoted attributes. */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, character => ENTITIES[character] ?? character)
