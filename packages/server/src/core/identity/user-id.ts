import type { Core } from '../core.ts'
import { newId } from '../session/secret.ts'

/** The characters of a Meteor id: none that looks like another. */
const UNMISTAKABLE = '23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz'
const LENGTH = 17
/** Bytes from here on are drawn again, or the first characters would come up more often. */
const LIMIT = 256 - (256 % UNMISTAKABLE.length)

/** An id for a new user: 17 characters of Meteor's alphabet (98 random bits) on its face, else 128 random bits in base64url. */
export function newUserId({ settings, chance }: Pick<Core, 'chance'> & { settings: Pick<Core['settings'], 'face'> }): string {
  if (settings.face !== 'meteor') return newId(chance)
  let id = ''
  while (id.length < LENGTH) {
    for (const byte of chance.bytes(LENGTH)) if (byte < LIMIT && id.length < LENGTH) id += UNMISTAKABLE.charAt(byte % UNMISTAKABLE.length)
  }
  return id
}
