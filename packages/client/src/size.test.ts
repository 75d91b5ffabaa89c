import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { bundle } from '../../../tools/test/bundle.ts'

test('everything this package exports is under 6 KB in a browser, minified and compressed', async () => {
  const code = await bundle(fileURLToPath(new URL('./index.ts', import.meta.url)))
  const size = gzipSync(code, { level: 9 }).length
  console.log(`@latchkey/client: ${code.length} bytes, ${size} gzip`)
  expect(size).toBeGreaterThan(1000)
  expect(size).toBeLessThan(6 * 1024)
  // The server's table of errors stays on the server
  expect(code).not.toContain('2FA code')
})
