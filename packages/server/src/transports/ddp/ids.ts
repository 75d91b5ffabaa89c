import type { Chance } from '../../core/ports.ts'

/** Meteor's: nothing that is easily mistaken for something else. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz'
const LENGTH = 17
/** Bytes from here on would favour the first letters. */
const FAIR = 256 - (256 % ALPHABET.length)

/** An id as Meteor makes them: 17 letters and digits, 98 bits of chance. */
export function newId(chance: Chance): string {
  let id = ''
  while (id.length < LENGTH) {
    for (const byte of chance.bytes(LENGTH)) {
      if (byte < FAIR && id.length < LENGTH) id += ALPHABET.charAt(byte % ALPHABET.length)
    }
  }
  return id
}
