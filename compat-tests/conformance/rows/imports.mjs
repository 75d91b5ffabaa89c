const IMPORT = 'packages/latchkey/src/import/'

/** @typedef {import('../row.d.ts').Row} Row */

/** @param {string} name @returns {(title: string) => Row['proof']} */
const test = name => title => ({ file: `${IMPORT}${name}.test.ts`, title })
const user = test('to-user')
const typeorm = test('typeorm')
const mikroOrm = test('mikro-orm')
/** @param {string} file @returns {(from: string, to: string) => import('../row.d.ts').Change} */
const change = file => (from, to) => ({ file: `${IMPORT}${file}.ts`, from, to })
const toUser = change('to-user')
const source = change('source')
const layout = change('layout')
const credentials = change('credentials')

const KEPT = user('a user keeps the id, the name, both times and the fields of the app')
const ADDRESSES = user('addresses keep their spelling and whether they are verified')
const HASH = user('a hash moves as it is, in the form that was named')
const ACCOUNT = user('an account of a provider leads to its user by provider and id')
const SECRET = user('a secret of a second factor comes along, kept as an object or as text')
const OTHERS = user('what another service kept comes along under its name, and one-time tokens do not')
const MIKRO_ORM = mikroOrm(
  'users keep their numbers as ids; an address of two stays with the one who verified it; links without an id are listed',
)

/** `latchkey import accounts-js`: what becomes of each thing in the old tables. @type {Row[]} */
export const imports = [
  { item: 'import: ids', proof: KEPT, off: toUser('user: {\n      id: source.id,', "user: {\n      id: 'another',") },
  {
    item: 'import: username',
    proof: KEPT,
    off: toUser('...(source.username === null ? {} : { username: source.username }),', ''),
  },
  { item: 'import: createdAt', proof: KEPT, off: toUser('source.createdAt ?? source.updatedAt ?? now', 'now') },
  { item: 'import: updatedAt', proof: KEPT, off: toUser('const updatedAt = source.updatedAt ?? createdAt', 'const updatedAt = createdAt') },
  {
    item: 'import: columns of the app’s own',
    proof: KEPT,
    off: toUser('Object.fromEntries(Object.entries(source.custom).filter(([, value]) => value !== null))', '{}'),
  },
  {
    item: 'import: addresses',
    proof: ADDRESSES,
    off: toUser('emails: emails.map(({ address, verified }) => ({ address, verified })),', 'emails: [],'),
  },
  {
    item: 'import: verified flags',
    proof: ADDRESSES,
    off: toUser(
      'emails: emails.map(({ address, verified }) => ({ address, verified })),',
      'emails: emails.map(({ address }) => ({ address, verified: false })),',
    ),
  },
  {
    item: 'import: an address signs in',
    proof: ADDRESSES,
    off: toUser("key === null ? [] : [{ kind: 'email' as const, key }]", '[]'),
  },
  {
    item: 'import: deactivated',
    proof: user('who was deactivated is deactivated'),
    off: toUser('...(source.deactivated ? { deactivatedAt: updatedAt } : {}),', ''),
  },
  {
    item: 'import: services.password.bcrypt',
    proof: HASH,
    off: toUser('if (hash === undefined || hash === null) return null', 'if (hash !== null) return null'),
  },
  {
    item: 'import: hashes of what clients digested first',
    note: '`--hashes bcrypt-sha256`',
    proof: HASH,
    off: credentials('if (BCRYPT.test(hash)) return kind', "if (BCRYPT.test(hash)) return 'bcrypt'"),
  },
  {
    item: 'import: hashes of the app’s own hashPassword',
    note: '`--hashes custom`',
    proof: HASH,
    off: credentials("if (kind === 'custom') return 'bcrypt'", ''),
  },
  {
    item: 'import: a user without a password',
    proof: HASH,
    off: toUser('if (hash === undefined || hash === null) return null', ''),
  },
  {
    item: 'import: accounts of providers',
    note: 'by `serviceId`',
    proof: ACCOUNT,
    off: toUser('if (serviceId === null) return []', 'return []'),
  },
  {
    item: 'import: what a provider told',
    proof: ACCOUNT,
    off: toUser('? sealer.link(source.id, name, serviceId, options, now)', '? null'),
  },
  {
    item: 'import: accounts of providers, on MikroORM',
    note: 'were kept without their id, and are listed',
    proof: user('an account of a provider that was kept without its id is noted, and leads to nobody'),
    off: toUser("if (isProfile(options)) note('oauth-without-id', name)", ''),
  },
  {
    item: 'import: two-factor',
    proof: SECRET,
    off: toUser('const made = base32 === null ? null : sealer.twoFactor(source.id, base32)', 'const made = null'),
  },
  {
    item: 'import: two-factor, kept as text',
    proof: SECRET,
    off: credentials("if (typeof secret === 'string') return secret", ''),
  },
  {
    item: 'import: data of other services',
    proof: OTHERS,
    off: toUser('return sealer.service(source.id, name, options, now)', 'return null'),
  },
  {
    item: 'import: one-time tokens stay behind',
    proof: OTHERS,
    off: toUser('if (TOKENS.includes(name) || options === null) return null', 'if (options === null) return null'),
  },
  {
    item: 'import: links and two-factor are sealed',
    proof: typeorm('a linked account and a two-factor secret come along, sealed, and the secret goes on working'),
    off: change('sealer')("form: 'sealed-json', secret, data: {}", "form: 'sealed-json', secret, data: options"),
  },
  {
    item: 'import: tables of TypeORM',
    note: 'what is odd in them is listed, nobody is left out',
    proof: typeorm('whatever else is odd is listed with its id, and nobody is left out for it'),
    off: layout("email: 'user_email'", "email: 'email'"),
  },
  {
    item: 'import: tables of MikroORM',
    note: 'ids are numbers',
    proof: MIKRO_ORM,
    off: layout("owner: 'user_id'", "owner: 'userId'"),
  },
  {
    item: 'import: an address that two users have',
    note: 'MikroORM has no unique address; whoever verified it keeps it',
    proof: MIKRO_ORM,
    off: source('order by ${folded}, e.verified desc, u.', 'order by ${folded}, e.verified asc, u.'),
  },
  {
    item: 'import: a username that several have',
    note: 'neither has it unique; the oldest keeps it',
    proof: typeorm('of a username that several have the oldest account keeps it, and the others are listed'),
    off: toUser("note('username-taken', name)\n", ''),
  },
  {
    item: 'import: timestamps without a time zone',
    note: '`--timezone`',
    proof: typeorm('times without a zone are read in the one that is named'),
    off: source('at time zone ${literal(this.#zone)}', "at time zone 'UTC'"),
  },
  {
    item: 'import: sessions stay behind',
    note: 'counted',
    proof: typeorm('sessions and one-time tokens stay behind, counted'),
    off: source('sessions: this.#tables.has(session) ?', 'sessions: false ?'),
  },
  {
    item: 'import: rows without a user',
    note: 'accounts-js left them when creating a user failed half-way; listed',
    proof: typeorm('whatever else is odd is listed with its id, and nobody is left out for it'),
    off: source("orphans: [...(await orphansOf(email, 'address')), ...(await orphansOf(service, 'name'))],", 'orphans: [],'),
  },
  {
    item: 'import: can be repeated',
    note: 'who is there is left as they are, and listed when they differ',
    proof: typeorm('who is there already is left as they are, and whoever differs is listed with what and where'),
    off: change('import-accounts-js')('if (there) await this.#compare(made, notes, source, there)', ''),
  },
]
