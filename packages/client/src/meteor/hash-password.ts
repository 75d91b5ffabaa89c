// The class behind `sha256`, without what that offers besides: half of it in a page
import { _SHA256 as Sha256 } from '@noble/hashes/sha2.js'

/** What Meteor's clients send for a password. */
export interface PasswordDigest {
  /** 64 characters, lower-case hex. */
  digest: string
  algorithm: 'sha-256'
}

/** At once, where a browser's own digests come later: a login has to be under way when the call returns. */
export const hashPassword = (password: string): PasswordDigest => ({
  digest: Array.from(new Sha256().update(new TextEncoder().encode(password)).digest(), byte => byte.toString(16).padStart(2, '0')).join(''),
  algorithm: 'sha-256',
})
