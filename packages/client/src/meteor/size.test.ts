import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import type { Rolldown } from 'vite'
import { expect, test } from 'vitest'

test('the client of both parents and its DDP connection are under 24 KB in a browser, minified and compressed, and have nothing of Node', async () => {
  const bundled = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['latchkey-source'] },
    build: {
      write: false,
      lib: { entry: fileURLToPath(new URL('./index.ts', import.meta.url)), formats: ['es'] },
      rolldownOptions: { output: { minify: true }, external: ['ws'] },
    },
  })
  // One entry, one format: one output
  const code = (bundled as Rolldown.RolldownOutput[])[0]?.output[0].code ?? ''
  const size = gzipSync(code, { level: 9 }).length
  console.log(`@latchkey/client/meteor: ${code.length} bytes, ${size} gzip`)
  expect(size).toBeGreaterThan(5000)
  expect(size).toBeLessThan(24 * 1024)
  expect(code).not.toContain('node:')
  expect(code).not.toContain('No service with that name')
})
