import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { bundle } from '../../../../tools/test/bundle.ts'

test('the client of both parents and its DDP connection are under 24 KB in a browser, minified and compressed, and have nothing of Node', async () => {
  const code = await bundle(fileURLToPath(new URL('./index.ts', import.meta.url)))
  const size = gzipSync(code, { level: 9 }).length
  console.log(`@latchkey/client/meteor: ${code.length} bytes, ${size} gzip`)
  expect(size).toBeGreaterThan(5000)
  expect(size).toBeLessThan(24 * 1024)
  expect(code).not.toContain('node:')
  expect(code).not.toContain('No service with that name')
})
