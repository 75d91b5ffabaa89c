/** What an operator gives as the secret: random text, or a private key as PEM. */
import { createPublicKey } from 'node:crypto'
import { isAccountsError, publicJwk } from '@latchkey/server/core'
import type { PublicJwk, RetiredKey, TokenKeyPair } from '@latchkey/server'

/** True for a text that is a key, or was meant to be. It is never taken for a secret: half of a key pair is known to everybody. */
export const isKey = (text: string): boolean => text.includes('-----BEGIN ')

/** A key with its line breaks, where somebody had to write `\n` for them, as in an env file. Any other text stays as it is. */
export const withLineBreaks = (text: string): string => (isKey(text) ? text.replaceAll(String.raw`\n`, '\n') : text)

/** Secrets with commas between; between keys a line break will do. */
export const splitSecrets = (given: string): string[] =>
  given
    .split(/(-----BEGIN [^-]+-----[^]*?-----END [^-]+-----)|,/)
    .map(part => part?.trim() ?? '')
    // `openssl ecparam` writes them before the key, which has them again.
    .filter(part => part !== '' && !part.startsWith('-----BEGIN EC PARAMETERS-----'))

/** What signs tokens. */
export const toTokenSecret = (text: string): string | TokenKeyPair => (isKey(text) ? { privateKey: text } : text)

/** What signed earlier ones. With the private half, what was sealed under it can still be opened. */
export const toRetired = (text: string): string | RetiredKey => (isKey(text) ? pairOf(text) : text)

/** A key as others will see it, or what is wrong with it. */
export type ReadKey = { jwk: PublicJwk } | { wrong: string }

/** Reads a key that is to sign. `called`: how the sentence begins. */
export function readSigningKey(text: string, called: string): ReadKey {
  const [, kind = 'key of no kind'] = /-----BEGIN ([^-]+)-----/.exec(text) ?? []
  return isPrivate(text) ? readKey(text, called) : { wrong: `${called} is a ${kind.toLowerCase()}, which cannot sign` }
}

/** Reads a key that signed earlier, or one to come: either half will do. */
export function readKey(text: string, called: string): ReadKey {
  if (/\bENCRYPTED\b/.test(text))
    return { wrong: `${called} is encrypted, and nobody is there to type its passphrase when a server starts` }
  try {
    createPublicKey(text)
  } catch {
    // Not the cause: what OpenSSL says of somebody's key is nothing for a log.
    return { wrong: `${called} is a key that cannot be read: it must be whole, with its line breaks` }
  }
  try {
    return { jwk: publicJwk(pairOf(text), called) }
  } catch (error) {
    if (isAccountsError(error)) return { wrong: error.message }
    throw error
  }
}

const isPrivate = (text: string): boolean => /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/.test(text)

const pairOf = (text: string): RetiredKey => (isPrivate(text) ? { privateKey: text } : { publicKey: text })
