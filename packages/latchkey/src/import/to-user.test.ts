import { expect, test } from 'vitest'
import { emailKey, usernameKey } from '@latchkey/server'
import type { NewUser } from '@latchkey/server'
import { memoryStore } from '@latchkey/server/stores/memory'
import * as fc from '../../../../tools/test/properties.ts'
import { Claims } from './claims.ts'
import type { HashKind } from './credentials.ts'
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
  fc.dictionary(fc.anyText(), fc.jsonValue()),
)
const oldUser = fc.record({
  username: fc.option(fc.constantFrom(...NAMES)),
  deactivated: fc.boolean(),
  createdAt: fc.option(fc.nat()),
  updatedAt: fc.option(fc.nat()),
  custom: fc.dictionary(fc.anyText(), fc.jsonValue()) as fc.Arbitrary<Record<string, unknown>>,
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

/** One user of the old database, with whatever is to be looked at. */
function translated(given: Partial<SourceUser>, hashes: HashKind = 'bcrypt'): NewUser & { notes: string[] } {
  const notes: string[] = []
  const source = { id: '7', username: null, deactivated: false, createdAt: 1, updatedAt: 2, custom: {}, emails: [], services: [], ...given }
  const note = ({ kind }: Note): void => void notes.push(kind)
  return { ...toUser(source, { claims: new Claims(), hashes, sealer: dryLook, now: 3, note }), notes }
}
const HASH = '$2a$10$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK'
const service = (name: string, options: Record<string, unknown> | null, serviceId: string | null = null): SourceUser['services'][0] => ({
  id: 's',
  name,
  serviceId,
  options,
})
const named = { username: 'Ada' }

test('a user keeps the id, the name, both times and the fields of the app', () => {
  expect(translated({ ...named, custom: { plan: 'pro', nickname: null } })).toMatchObject({
    user: { id: '7', username: 'Ada', createdAt: 1, updatedAt: 2, custom: { plan: 'pro' } },
    identifiers: [{ kind: 'username', key: 'ada' }],
  })
})

test('addresses keep their spelling and whether they are verified', () => {
  const emails = [
    { address: 'Ada@Example.org', verified: true },
    { address: 'second@example.org', verified: false },
  ]
  expect(translated({ emails })).toMatchObject({
    user: { emails },
    identifiers: emails.map(({ address }) => ({ kind: 'email', key: address.toLowerCase() })),
  })
})

test('who was deactivated is deactivated', () => {
  expect(translated({ ...named, deactivated: true }).user.deactivatedAt).toBe(2)
  expect(translated(named).user.deactivatedAt).toBeUndefined()
})

test('a hash moves as it is, in the form that was named', () => {
  const services = [service('password', { bcrypt: HASH })]
  for (const kind of ['bcrypt', 'bcrypt-sha256'] as const)
    expect(translated({ ...named, services }, kind).credentials).toMatchObject([{ kind: 'password', form: kind, secret: HASH }])
  const own = [service('password', { bcrypt: 'own:PASSWORD' })]
  expect(translated({ ...named, services: own }, 'custom').credentials).toMatchObject([{ kind: 'password', secret: 'own:PASSWORD' }])
  expect(translated({ ...named, services: own }).notes).toEqual(['password-unreadable'])
  // Of somebody who signs in through a provider.
  expect(translated({ ...named, services: [service('password', {})] })).toMatchObject({ credentials: [], notes: [] })
})

test('an account of a provider leads to its user by provider and id', () => {
  const made = translated({ services: [service('twitter', { screen_name: 'ada' }, '4711')] })
  expect(made.identifiers).toEqual([{ kind: 'oauth:twitter', key: '4711' }])
  expect(made.credentials).toMatchObject([{ kind: 'oauth:twitter', id: '4711' }])
})

test('an account of a provider that was kept without its id is noted, and leads to nobody', () => {
  const made = translated({ ...named, services: [service('facebook', { email: 'ada@example.org' })] })
  expect(made.identifiers).toEqual([{ kind: 'username', key: 'ada' }])
  expect(made.notes).toEqual(['oauth-without-id'])
})

test('a secret of a second factor comes along, kept as an object or as text', () => {
  for (const secret of [{ base32: 'JBSWY3DPEHPK3PXP', ascii: '', hex: '', otpauth_url: '' }, 'JBSWY3DPEHPK3PXP'])
    expect(translated({ ...named, services: [service('two-factor', { secret })] }).credentials).toMatchObject([{ kind: 'totp' }])
})

test('what another service kept comes along under its name, and one-time tokens do not', () => {
  const tokens = ['password.reset', 'email.verificationTokens', 'magicLink.loginTokens'].map(name => service(name, { when: '2001-01-01' }))
  const made = translated({ ...named, services: [service('badge', { number: 7 }), ...tokens] })
  expect(made.credentials).toMatchObject([{ kind: 'service:badge' }])
  expect(made.notes).toEqual([])
})

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
