import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import type { Rolldown } from 'vite'
import { expect, test } from 'vitest'

test('everything this package exports is under 6 KB in a browser, minified and compressed', async () => {
  const bundled = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['latchkey-source'] },
    build: {
      write: false,
      lib: { entry: fileURLToPath(new URL('./index.ts', import.meta.url)), formats: ['es'] },
      // A library build keeps white space by default, for the bundler that comes after.
      rolldownOptions: { output: { minify: true } },
    },
  })
  // One entry, one format: one output
  const code = (bundled as Rolldown.RolldownOutput[])[0]?.output[0].code ?? ''
  const size = gzipSync(code, { level: 9 }).length
  console.log(`@latchkey/client: ${code.length} bytes, ${size} gzip`)
  expect(size).toBeGreaterThan(1000)
  expect(size).toBeLessThan(6 * 1024)
  // The server's table of errors stays on the server
  expect(code).not.toContain('2FA code')
})
