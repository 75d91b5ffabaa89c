import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emailKey, usernameKey } from '@latchkey/server'
import type { NewUser } from '@latchkey/server'
import { memoryStore } from '@latchkey/server/stores/memory'
import { Claims } from './claims.ts'
import type { Note } from './notes.ts'
import { dryLook } from './sealer.ts'
import type { SourceUser } from './source.ts'
import { toUser } from './to-user.ts'

/** Few enough that they meet, and odd enough. */
const NAMES = ['ada', 'ADA', 'Ａda', 'eve', ' eve ', 'ada@example.org', '', 'x'.repeat(400), 'ada\u0430', '\u200B']
const ADDRESSES = [
  'ada@example.org',
  'Ada@Example.org',
  '\u212Aim@example.org',
  'kim@example.org',
  'root@intranet',
  '',
  'no address',
  `${'x'.repeat(300)}@example.org`,
]
const SERVICES = ['password', 'two-factor', 'twitter', 'github', 'badge', 'password.reset', 'email.verificationTokens']

const options = fc.oneof(
  fc.constant(null),
  fc.constant({ bcrypt: '$2a$10$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK' }),
  fc.constant({ bcrypt: 7 }),
  fc.constant({ secret: { base32: 'JBSWY3DPEHPK3PXP' } }),
  fc.constant({ secret: 'JBSWY3DPEHPK3PXP' }),
  fc.dictionary(fc.string(), fc.jsonValue()),
)
const oldUser = fc.record({
  username: fc.option(fc.constantFrom(...NAMES)),
  deactivated: fc.boolean(),
  createdAt: fc.option(fc.nat()),
  updatedAt: fc.option(fc.nat()),
  custom: fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<Record<string, unknown>>,
  emails: fc.array(fc.record({ address: fc.constantFrom(...ADDRESSES), verified: fc.boolean() }), { maxLength: 4 }),
  services: fc.array(
    fc.record({ id: fc.uuid(), name: fc.constantFrom(...SERVICES), serviceId: fc.option(fc.constantFrom('1', '2')), options }),
    { maxLength: 4 },
  ) as fc.Arbitrary<SourceUser['services']>,
})

test('whatever the old database holds, every user can be inserted, and what is not carried over is noted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(oldUser, { maxLength: 8 }), async given => {
      const sources = given.map((user, index): SourceUser => ({ ...user, id: `u${index}` }))
      const notes: Note[] = []
      const claims = new Claims()
      const made = sources.map(source =>
        toUser(source, { claims, hashes: 'bcrypt', sealer: dryLook, now: 1, note: note => notes.push(note) }),
      )

      const store = memoryStore()
      expect(await store.users.insertMany(made)).toEqual(made.map(() => ({ inserted: true })))
      await Promise.all(
        sources.map(async (source, index) => {
          const user = made[index]
          if (!user) throw new Error('as many are made as there were')
          await expectKept(source, user, async key => (await store.users.find(key))?.id)
          expect(silent(source, user, notes)).toEqual([])
        }),
      )
    }),
    { numRuns: 300 },
  )
})

async function expectKept(
  source: SourceUser,
  made: NewUser,
  ownerOf: (key: NewUser['identifiers'][number]) => Promise<string | undefined>,
): Promise<void> {
  expect(made.user.username ?? null).toBe(source.username)
  const spellings = new Set(made.user.emails.map(({ address }) => emailKey(address)))
  for (const { address } of source.emails) expect(spellings.has(emailKey(address))).toBe(true)
  // Keys stand in the order of the addresses they belong to.
  const keys = made.identifiers.filter(({ kind }) => kind === 'email').map(({ key }) => key)
  expect(made.user.emails.slice(0, keys.length).map(({ address }) => emailKey(address))).toEqual(keys)
  for (const key of made.identifiers) expect(await ownerOf(key)).toBe(source.id)
}

/** What should be noted of a user and is not, or the reverse. */
function silent(source: SourceUser, made: NewUser, notes: readonly Note[]): string[] {
  const noted = (...kinds: Note['kind'][]): boolean => notes.some(({ kind, id }) => kinds.includes(kind) && id === source.id)
  const keys = (kind: string): number => made.identifiers.filter(identifier => identifier.kind === kind).length
  const hash = source.services.find(({ name }) => name === 'password')?.options?.['bcrypt'] ?? null
  const isWell: Record<string, boolean> = {
    'a name nobody finds': source.username === null || keys('username') === 1 || noted('username-taken', 'username-unusable'),
    'an address nobody finds': keys('email') === made.user.emails.length || noted('email-taken', 'email-unusable'),
    'an address left behind': made.user.emails.length === source.emails.length || noted('email-doubled'),
    'a user nobody finds': noted('no-identifier') === (keys('username') + keys('email') === 0),
    'a hash left behind': hash === null || made.credentials.some(({ kind }) => kind === 'password') || noted('password-unreadable'),
    'a credential of no kind': made.credentials.every(({ kind }) => /^(password|totp|oauth:\w+|service:\w+)$/.test(kind)),
  }
  return Object.keys(isWell).filter(fact => !isWell[fact])
}

test('a name that only looks like a plain address never leads to it', () => {
  const claims = new Claims()
  const translate = (address: string): NewUser =>
    toUser(
      {
        id: address,
        username: null,
        deactivated: false,
        createdAt: 1,
        updatedAt: 1,
        custom: {},
        emails: [{ address, verified: true }],
        services: [],
      },
      { claims, hashes: 'bcrypt', sealer: dryLook, now: 1, note: () => {} },
    )
  expect(translate('\u212Aim@example.org').identifiers).toEqual([])
  expect(translate('kim@example.org').identifiers).toEqual([{ kind: 'email', key: 'kim@example.org' }])
  expect(usernameKey('Ａda')).toBe('ada')
})
