/** Ids of documents as DDP sends them: always a string, whatever the database uses. */
import { hexOf, ObjectID } from './object-id.ts'

const HEX = /^[0-9a-f]{24}$/

/**
 * An id as it travels. Strings travel as they are, unless they could be taken for something else: those get a `-` in front. An ObjectID travels as its bare
 * digits, everything else as `~` and JSON.
 */
export function idStringify(id: unknown): string {
  if (typeof id === 'string') return looksMarked(id) ? `-${id}` : id
  if (id === undefined) return '-'
  const hex = typeof id === 'object' && id !== null ? hexOf(id) : undefined
  return hex ?? `~${JSON.stringify(id)}`
}

/**
 * The id that travelled as that string.
 * @throws SyntaxError when what follows `~` is no JSON
 */
export function idParse(text: string): unknown {
  if (text === '-') return undefined
  if (text.startsWith('-')) return text.slice(1)
  if (text.startsWith('~')) return JSON.parse(text.slice(1))
  return HEX.test(text) ? new ObjectID(text) : text
}

function looksMarked(id: string): boolean {
  return id.startsWith('-') || id.startsWith('~') || id.startsWith('{') || (id.length === 24 && HEX.test(id.toLowerCase()))
}
