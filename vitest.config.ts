import { defineConfig } from 'vitest/config'

// Tests run from source: a package's `latchkey-source` entry points at its TypeScript files.
const conditions = ['latchkey-source', 'node']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/**/*.test.ts', 'e2e/**/*.test.ts', 'compat-tests/**/*.test.ts', 'tools/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: ['tools/test/global-setup.ts'],
    reporters: ['default'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
    // A flat two seconds is long enough for a test to close what it opened.
    teardownTimeout: 2_000,
  },
})
