/**
 * Makes packages/server/src/core/policy/common-passwords-data.ts from the password list of @zxcvbn-ts/language-common (MIT).
 * The list changes rarely, so the package is not a dependency:
 *
 *   npm pack @zxcvbn-ts/language-common@4.1.3 && tar xzf zxcvbn-ts-language-common-4.1.3.tgz
 *   node tools/common-passwords/generate.mjs package
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Bytes kept of each digest; `common-passwords.ts` says why so many. */
const PREFIX = 5

const folder = process.argv[2]
if (!folder) {
  console.error('Usage: node tools/common-passwords/generate.mjs <unpacked package @zxcvbn-ts/language-common>')
  process.exit(1)
}

const notice = readFileSync(join(folder, 'LICENSE.txt'), 'utf8').trim().split('\n')
const common = /** @type {string[]} */ (JSON.parse(readFileSync(join(folder, 'src/passwords.json'), 'utf8')))
const entries = [...new Set(common.flatMap(spellings).map(shortDigest))].toSorted()
const target = fileURLToPath(new URL('../../packages/server/src/core/policy/common-passwords-data.ts', import.meta.url))
writeFileSync(
  target,
  `/**
 * Made by tools/common-passwords/generate.mjs; do not edit. ${entries.length} sorted prefixes of ${PREFIX} bytes of SHA-256 digests, in base64.
 * The passwords are those of @zxcvbn-ts/language-common, whose licence asks to keep this notice:
 *
${notice.map(line => ` * ${line}`.trimEnd()).join('\n')}
 */
export const COMMON_PASSWORDS: string =
  '${Buffer.from(entries.join(''), 'hex').toString('base64')}'
`,
)
console.log(`${entries.length} entries from ${common.length} passwords`)

/** A digest cannot be compared without case, so the longer ones are also listed with a capital at the front: what people do when asked for one. */
function spellings(/** @type {string} */ password) {
  const capital = password.slice(0, 1).toUpperCase() + password.slice(1)
  return password.length >= 8 && capital !== password ? [password, capital] : [password]
}

function shortDigest(/** @type {string} */ password) {
  return createHash('sha256')
    .update(password)
    .digest('hex')
    .slice(0, 2 * PREFIX)
}
