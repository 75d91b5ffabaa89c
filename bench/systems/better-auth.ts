/** better-auth with e-mail and password on PostgreSQL, limits and telemetry off: what its users get from the first page of its guide. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import pg from 'pg'
import { listen, setting } from './child.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const cheap = setting('BENCH_HASH') === 'cheap'

const options = {
  database: new pg.Pool({ connectionString: setting('BENCH_DATABASE'), max: 10 }),
  secret: 'a secret for measuring, 0123456789 abcdefghijkl',
  baseURL: 'http://127.0.0.1',
  trustedOrigins: ['http://127.0.0.1'],
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  emailAndPassword: {
    enabled: true,
    autoSignIn: false,
    ...(cheap
      ? {
          password: {
            hash: async (password: string) => sha256(password),
            verify: async ({ hash, password }: { hash: string; password: string }) => hash === sha256(password),
          },
        }
      : {}),
  },
} satisfies Parameters<typeof betterAuth>[0]

const auth = betterAuth(options)
const { runMigrations } = await getMigrations(options)
await runMigrations()
const handle = toNodeHandler(auth)
listen(createServer((request, response) => void handle(request, response)))
