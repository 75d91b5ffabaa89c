import { defineConfig } from 'vite'
import type { UserConfig } from 'vite'

const config: UserConfig = defineConfig({
  // From the sources of our packages, so that the page can be built before they are.
  resolve: { conditions: ['latchkey-source', 'module', 'browser', 'development|production'] },
  build: {
    outDir: '../../dist/home',
    emptyOutDir: true,
    target: 'es2022',
    // Everything is a file of its own: the page allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
})

export default config
