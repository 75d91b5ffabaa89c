/** Keeps what is published for libraries that leave it to the app. */
import type { Document } from './client.ts'

interface Message {
  collection: string
  id: string
  fields?: Record<string, unknown>
  cleared?: string[]
}

/** Something that tells of messages as they come. */
interface Teller {
  on(event: string, listener: (message: Message) => void): unknown
}

/** @returns what is in a collection now */
export function keepDocuments(teller: Teller): (collection: string) => Document[] {
  const kept = new Map<string, Document>()
  const key = ({ collection, id }: Message): string => `${collection} ${id}`
  // On a new connection the server begins anew.
  teller.on('connected', () => kept.clear())
  teller.on('added', message => kept.set(key(message), { id: message.id, ...message.fields }))
  teller.on('changed', message => {
    const changed: Document = { id: message.id, ...kept.get(key(message)), ...message.fields }
    for (const name of message.cleared ?? []) delete changed[name]
    kept.set(key(message), changed)
  })
  teller.on('removed', message => kept.delete(key(message)))
  return collection => [...kept].filter(([name]) => name.startsWith(`${collection} `)).map(([, document]) => document)
}
