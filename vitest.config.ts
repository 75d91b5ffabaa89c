import { defineConfig } from 'vitest/config'

// Tests run from source: a package's `latchkey-source` entry points at its TypeScript files.
const conditions = ['latchkey-source', 'node']

export default defineConfig({
  // One copy of graphql for sources and packages alike, the one Node takes: it refuses schemas of another.
  resolve: { conditions, alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/**/*.test.ts', 'e2e/**/*.test.ts', 'compat-tests/**/*.test.ts', 'tools/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: ['tools/test/global-setup.ts'],
    setupFiles: ['tools/test/patience.ts'],
    expect: { poll: { timeout: 20_000 } },
    reporters: ['default'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // A flat two seconds is long enough for a test to close what it opened.
    teardownTimeout: 2_000,
  },
})
