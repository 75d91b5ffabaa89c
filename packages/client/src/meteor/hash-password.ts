import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/** What Meteor's clients send for a password. */
export interface PasswordDigest {
  /** 64 characters, lower-case hex. */
  digest: string
  algorithm: 'sha-256'
}

/** At once, where a browser's own digests come later: a login has to be under way when the call returns. */
export const hashPassword = (password: string): PasswordDigest => ({
  digest: bytesToHex(sha256(utf8ToBytes(password))),
  algorithm: 'sha-256',
})
