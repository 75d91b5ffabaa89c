/** Base64 between bytes and text, the same in browsers and in Node. */

const WELL_FORMED = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
/** `String.fromCharCode` takes its characters as arguments, of which there can't be any number. */
const AT_ONCE = 0x2000

/** Standard alphabet, padded. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let start = 0; start < bytes.length; start += AT_ONCE) text += String.fromCharCode(...bytes.subarray(start, start + AT_ONCE))
  return btoa(text)
}

/** The bytes; undefined when the text is not padded base64 of the standard alphabet. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (!WELL_FORMED.test(text)) return undefined
  const decoded = atob(text)
  const bytes = new Uint8Array(decoded.length)
  for (let at = 0; at < decoded.length; at++) bytes[at] = decoded.charCodeAt(at)
  return bytes
}
