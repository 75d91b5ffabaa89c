import { imports } from './imports.mjs'

const COMPAT = 'packages/server/src/compat/'
const ADAPTER = `${COMPAT}database/adapter.ts`
const SHAPES = `${COMPAT}database/shapes.ts`
const MIRROR = `${COMPAT}database/mirror.ts`
const DIFFERENCES = `${COMPAT}database/differences.ts`
const USERS = `${COMPAT}database/database-of-users.ts`
const SERVICES = `${COMPAT}database/database-of-services.ts`
const LINKS = `${COMPAT}database/database-of-links.ts`
const SESSIONS = `${COMPAT}database/database-of-sessions.ts`

/** @typedef {import('../row.d.ts').Row} Row */

/** @param {string} name @returns {(title: string) => Row['proof']} */
const test = name => title => ({ file: `${COMPAT}${name}.test.ts`, title })
const shape = test('database/adapter')
const write = test('accounts-js-database-writes')
const old = test('accounts-js-database-users')
const joint = test('accounts-js-database')
const ours = test('database/database-of')
/** @param {string} file @returns {(from: string, to: string) => import('../row.d.ts').Change} */
const change = file => (from, to) => ({ file, from, to })
const adapter = change(ADAPTER)
const shapes = change(SHAPES)
const users = change(USERS)
const services = change(SERVICES)
const links = change(LINKS)
const sessions = change(SESSIONS)

const NEW_USER = write('a new user is created there, with name, address, hash, and fields of the app’s own')
const FOUND = old('is found by every name, whatever they were seen by first, with the times of their database')
const MONGO = shape('is read alike from MongoDB, with objects, epoch milliseconds and an id that is none of ours')
const TYPEORM = shape('is read alike from TypeORM, with arrays, dates, rows beside, and methods')
const EMAILS = write('an address added here is one there, and goes when it is removed here')
const LINKED = write('an account linked here is linked there, and goes when it is unlinked here')
const CHANGED = write('verified flags and names that the old app changes are ours at the next look')
const DEACTIVATED = write('who is deactivated here is so there, and the reverse ends sessions here')

/** What a method of the app's adapter is asked for. @type {Row[]} */
const below = [
  {
    item: 'db.createUser',
    note: 'the adapter of accounts-js under our server, here and below; its id is the user’s',
    proof: joint('has the id that the adapter gave, and what the adapter cannot hold beside it'),
    off: adapter('idOf(await this.#db.createUser(user))', 'idOf(String(user.email))'),
  },
  {
    item: 'db.createUser: username',
    proof: NEW_USER,
    off: change(`${COMPAT}database/insert.ts`)('...(user.username === undefined ? {} : { username: user.username }),', ''),
  },
  {
    item: 'db.createUser: email',
    proof: NEW_USER,
    off: change(`${COMPAT}database/insert.ts`)('...(first ? { email: first.address } : {}),', ''),
  },
  {
    item: 'db.createUser: password is a hash',
    proof: NEW_USER,
    off: change(`${COMPAT}database/insert.ts`)('...(password ? { password: password.hash } : {}),', ''),
  },
  {
    item: 'db.createUser: fields of the app’s own',
    proof: NEW_USER,
    off: change(`${COMPAT}database/insert.ts`)('...customFieldsFor(user.custom),', ''),
  },
  {
    item: 'db.createUser: an id of ours',
    note: 'option `idField`',
    proof: write('an id of ours is handed over where the adapter takes one'),
    off: change(`${COMPAT}database/insert.ts`)('...(idField === undefined ? {} : { [idField]: user.id }),', ''),
  },
  {
    item: 'db.findUserById',
    proof: FOUND,
    off: adapter('await asked(() => this.#db.findUserById(text(id)))', '/** @type {any} */ (null)'),
  },
  { item: 'db.findUserByEmail', proof: FOUND, off: adapter('await asked(() => this.#db.findUserByEmail(spelling))', 'null as never') },
  {
    item: 'db.findUserByUsername',
    proof: FOUND,
    off: adapter('await asked(() => this.#db.findUserByUsername(spelling))', 'null as never'),
  },
  {
    item: 'db.findUserByServiceId',
    proof: old('an account that the old app linked leads here, without the tokens the provider gave'),
    off: adapter('await asked(() => unlessBroken(() => this.#db.findUserByServiceId(provider, text(subject))))', 'null as never'),
  },
  {
    item: 'db.findPasswordHash',
    proof: joint('puts a password as a credential like any change of it'),
    off: adapter('await unlessNobody(() => this.#db.findPasswordHash(text(id)))', 'null as unknown'),
  },
  {
    item: 'db.setPassword',
    proof: write('a password set here is the one there'),
    off: adapter('written(() => this.#db.setPassword(text(id), text(hash)))', 'Promise.resolve()'),
  },
  {
    item: 'db.setUsername',
    proof: write('a name set here is the one there'),
    off: adapter('written(() => this.#db.setUsername(text(id), text(username)))', 'Promise.resolve()'),
  },
  {
    item: 'db.addEmail',
    proof: EMAILS,
    off: adapter('written(() => this.#db.addEmail(text(id), text(address), verified))', 'Promise.resolve()'),
  },
  {
    item: 'db.removeEmail',
    proof: EMAILS,
    off: adapter('written(() => this.#db.removeEmail(text(id), text(address)))', 'Promise.resolve()'),
  },
  {
    item: 'db.verifyEmail',
    proof: write('an address verified here is verified there'),
    off: adapter('written(() => this.#db.verifyEmail(text(id), text(address)))', 'Promise.resolve()'),
  },
  { item: 'db.setService', proof: LINKED, off: adapter('await written(() => this.#db.setService(text(id), provider, data))', '') },
  { item: 'db.unsetService', proof: LINKED, off: adapter('await written(() => this.#db.unsetService(text(id), provider))', 'return') },
  {
    item: 'db.setUserDeactivated',
    proof: DEACTIVATED,
    off: adapter('written(() => this.#db.setUserDeactivated(text(id), deactivated))', 'Promise.resolve()'),
  },
  {
    item: 'db: finders that throw "User not found" find nobody',
    proof: shape('finds nobody where the adapter complains that there is none'),
    off: adapter("['User not found', 'Email not found'].includes(error.message) || ", ''),
  },
  {
    item: 'db: an id of another kind is nobody’s',
    note: 'not an ObjectId, not a uuid',
    proof: shape('finds nobody where the adapter is told an id that is no uuid'),
    off: adapter("if (code === '22P02' || code === '22003') return true", ''),
  },
  {
    item: 'db: duplicates, as each database words them',
    proof: shape('knows a duplicate by the words of each database'),
    off: adapter("code === '23505' || ", ''),
  },
  { item: 'MongoDB: ids are ObjectId', proof: MONGO, off: shapes('? (id as { toString(): string }).toString() : null', '? null : null') },
  { item: 'MongoDB: emails, verified', proof: MONGO, off: shapes("verified: one['verified'] === true", 'verified: false') },
  { item: 'MongoDB: services.<provider>', proof: MONGO, off: shapes('services.set(name, { ...one })', 'void one') },
  {
    item: 'services.two-factor.secret',
    proof: MONGO,
    off: shapes("typeof base32 === 'string' && base32 !== '' ? base32 : undefined", 'undefined'),
  },
  { item: 'deactivated', proof: MONGO, off: shapes("raw['deactivated'] === true", 'false') },
  {
    item: 'fields of the app’s own stand at the top level',
    proof: MONGO,
    off: shapes("isCustomField(key) && typeof value !== 'function'", 'false && [key, value]'),
  },
  {
    item: 'TypeORM: rows of services, serviceId',
    proof: TYPEORM,
    off: shapes("typeof row['serviceId'] === 'string' ? { id: row['serviceId'] } : {}", '{}'),
  },
  { item: 'TypeORM: createdAt and updatedAt are Date', proof: TYPEORM, off: shapes('value instanceof Date ? value.getTime() : ', '') },
  { item: 'TypeORM: times as ISO text', proof: TYPEORM, off: shapes("typeof value === 'string' ? Date.parse(value) : value", 'value') },
  {
    item: 'bcrypt, as accounts-js writes it',
    note: 'until `upgradePasswords`',
    proof: joint('is refused a password that the old app could not read, unless it is gone'),
    off: change(`${COMPAT}accounts-js-database.ts`)("...(upgradePasswords ? {} : { passwordForm: 'bcrypt' }),", ''),
  },
  {
    item: 'upgradePasswords',
    proof: joint('is refused a password that the old app could not read, unless it is gone'),
    off: change(`${COMPAT}database/insert.ts`)("form !== 'bcrypt' && !upgradePasswords", "form !== 'bcrypt'"),
  },
  {
    item: 'removeUser',
    note: 'which the interface lacks',
    proof: joint('deletes users only where it is told how to'),
    off: change(`${COMPAT}database/users.ts`)('await joined.removeUser(userId)', ''),
  },
  {
    item: 'beside the old app: a password it changes',
    note: 'ends sessions here',
    proof: old('who changes the password there loses sessions and reset links here, once'),
    off: change(MIRROR)('if (!isPasswordInStep(joined, seen)) await mendPassword(joined, id, seen)', ''),
  },
  {
    item: 'beside the old app: a user it deactivates',
    note: 'ends sessions here',
    proof: DEACTIVATED,
    off: change(MIRROR)('if (!isActiveInStep(kept, seen)) await', 'if (false) await'),
  },
  {
    item: 'beside the old app: names and addresses it changes',
    proof: CHANGED,
    off: change(DIFFERENCES)(
      'return [...usernames(joined, kept, seen), ...emails(joined, kept, seen), ...accounts(joined, kept, seen)]',
      'return []',
    ),
  },
  {
    item: 'beside the old app: addresses it verifies',
    proof: CHANGED,
    off: change(MIRROR)('.map(({ address, verified }) => ({ address: spelt', '.map(({ address }) => ({ verified: false, address: spelt'),
  },
  {
    item: 'beside the old app: accounts it unlinks',
    proof: old('an account that the old app linked leads here, without the tokens the provider gave'),
    off: change(DIFFERENCES)('...[...gone].map(', '...[].map('),
  },
  {
    item: 'beside the old app: a second factor it set up',
    proof: old('a second factor of the old app is shown in clear, kept nowhere else, used and removed by one at a time'),
    off: shapes("services.get('two-factor')?.['secret']", 'undefined as unknown'),
  },
]

/** A method of the interface, on our store. @param {string} item @param {string} title @param {Row['off']} off @param {string} [note] @returns {Row} */
const method = (item, title, off, note) => ({ item: `databaseOf: ${item}`, ...(note ? { note } : {}), proof: ours(title), off })

const FINDERS = 'findUserById, findUserByEmail and findUserByUsername answer a record, or null'
const CREATED = 'createUser takes a hash, keeps extra fields, and refuses names that are taken'
const ADDRESSES = 'addEmail, verifyEmail and removeEmail change the addresses'
const ACCOUNT = 'setService with an id links an account, which findUserByServiceId finds, and the next takes its place'
const OWN_DATA = 'setService without an id keeps what a service of the app’s own has to remember'
const KINDS = 'the password and the second factor are set and unset as what they are'
const VERIFICATION = 'a verification token leads to its user while it lasts, and redeems itself through our own route'
const RESET = 'is kept as a hash, expires, and is removed with the others'
const LOGIN = 'a token to sign in lasts a quarter of an hour, and one takes the place of another'

/** Our store, as accounts-js's services see it. @type {Row[]} */
const above = [
  method('findUserById', FINDERS, users("findUserById: userId => findBy({ kind: 'id', key: userId })", 'findUserById: async () => null')),
  method('findUserByEmail', FINDERS, users('findUserByEmail: async email =>', 'findUserByEmail: async email => email.length > 0 ? null :')),
  method(
    'findUserByUsername',
    FINDERS,
    users('findUserByUsername: async username =>', 'findUserByUsername: async username => username.length > 0 ? null :'),
  ),
  method('findUserByServiceId', ACCOUNT, users('findBy({ kind: `oauth:${textOf(serviceName)}`,', 'findBy({ kind: `oauth:`,')),
  method('findPasswordHash', 'findPasswordHash answers the hash, for whoever asks for it by name', users('?.hash ?? null', ' && null')),
  method('createUser', CREATED, users('if (outcome.inserted) return outcome.user.id', "if (outcome.inserted) return ''")),
  method('createUser: password is a hash', CREATED, users('password === undefined ? null : storedOf(password)', 'null')),
  method(
    'createUser: email becomes emails, unverified',
    CREATED,
    users('readDraft(core, { username, email })', 'readDraft(core, { username })'),
  ),
  method('createUser: other fields', CREATED, users('return { ...read, custom }', 'return { ...read, custom: {} }')),
  method(
    'setPassword',
    'setPassword takes a hash and ends every session',
    users(
      'const outcome = await core.store.users.changePassword(change,',
      'return\n      const outcome = await core.store.users.changePassword(change,',
    ),
  ),
  method(
    'setUsername',
    'setUsername takes a free and proper name',
    users('const parsed = parseUsername(username)\n', 'return\n      const parsed = parseUsername(username)\n'),
  ),
  method('addEmail', ADDRESSES, users('accounts.addEmailOf(userId, email, verified)', 'Promise.resolve()')),
  method('removeEmail', ADDRESSES, users('accounts.removeEmailOf(userId, email)', 'Promise.resolve()')),
  method('verifyEmail', ADDRESSES, users('await verifyNow(await open(), textOf(userId), textOf(email))', '')),
  method(
    'setUserDeactivated',
    'setUserDeactivated ends sessions, and lets back in',
    users('await (deactivated ? accounts.deactivateUser(userId) : accounts.activateUser(userId))', 'true'),
  ),
  method(
    'User not found, on write',
    'setPassword takes a hash and ends every session',
    users("if (outcome !== 'changed') throw new AccountsError('UserNotFound')", ''),
  ),
  method(
    'setService: an account elsewhere',
    ACCOUNT,
    services('return setAccount(core, userId, name, { ...rest, id })', 'return void rest'),
  ),
  method(
    'setService: data of a service',
    OWN_DATA,
    services('await core.store.users.putCredential(credentialOf(core, userId, name, data))', ''),
  ),
  method(
    'setService: password',
    KINDS,
    services("if (name === 'password') return setPassword(core, userId, data)", "if (name === 'password') return"),
  ),
  method(
    'setService: two-factor',
    KINDS,
    services("if (name === 'two-factor') return setTwoFactor(core, userId, data)", "if (name === 'two-factor') return"),
  ),
  method(
    'setService: null unsets',
    'unsetService, or setService with null, unlinks',
    services('if (data === null) await unset(core, userId, serviceName)', 'if (data === null) return'),
  ),
  method(
    'unsetService',
    'unsetService, or setService with null, unlinks',
    services('await unset(await open(), textOf(userId), serviceName)', ''),
  ),
  method(
    'addEmailVerificationToken',
    VERIFICATION,
    links("await issue(core, 'verify-email', core.settings.password.verifyEmailTokenExpiration, { userId, email, token })", 'void core'),
  ),
  method('findUserByEmailVerificationToken', VERIFICATION, links("token, ['verify-email'], record", 'token, [], record')),
  method(
    'services.email.verificationTokens',
    VERIFICATION,
    links('record => ({ email: { verificationTokens: [record] } })', '() => ({})'),
    'with token, address and when',
  ),
  method(
    'addResetPasswordToken',
    RESET,
    links(
      "await issue(core, 'reset-password', passwordResetTokenExpiration, { userId, email, token })",
      'void passwordResetTokenExpiration',
    ),
  ),
  method("addResetPasswordToken: reason 'enroll'", RESET, links("if (reason === 'enroll') await", 'if (false) await')),
  method('findUserByResetPasswordToken', RESET, links("token, ['reset-password', 'enroll-account'], record", 'token, [], record')),
  method(
    'services.password.reset',
    RESET,
    links('record => ({ password: { reset: [record] } })', '() => ({})'),
    'with token, address, when and reason',
  ),
  method('removeAllResetPasswordTokens', RESET, links("await store.tokens.drop(textOf(userId), ['reset-password', 'enroll-account'])", '')),
  method('addLoginToken', LOGIN, links("await issue(core, 'login-link', lifetime, { userId, email, token })", 'void lifetime')),
  method('findUserByLoginToken', LOGIN, links("token, ['login-link'], record", 'token, [], record')),
  method('services.magicLink.loginTokens', LOGIN, links('record => ({ magicLink: { loginTokens: [record] } })', '() => ({})')),
  method('removeAllLoginTokens', LOGIN, links("await store.tokens.drop(textOf(userId), ['login-link'])", '')),
  method(
    'findSessionById',
    'findSessionById answers whether a session is valid',
    sessions('return found && accountsJsSession(found.session, isLive(found, clock.now()))', 'return found && clock && null'),
  ),
  method(
    'findSessionById: valid',
    'findSessionById answers whether a session is valid',
    sessions('accountsJsSession(found.session, isLive(found, clock.now()))', 'accountsJsSession(found.session, Boolean(clock))'),
  ),
  method(
    'createSession, findSessionByToken',
    'what only the login flow may do is refused, with what to do instead',
    sessions("refuseMethod('createSession', '", "String('"),
    'refused, with what to do instead',
  ),
  method(
    'updateSession',
    'updateSession notes that a session was used',
    sessions('await store.sessions.touch([{ sessionId: textOf(sessionId), activeAt: clock.now() }])', 'void store'),
  ),
  method(
    'invalidateSession',
    'invalidateSession ends one, and keeps silent about one that is not there',
    sessions("await core.store.sessions.end(sessionId, 'revoked', core.clock.now(), { audit })", ''),
  ),
  method(
    'invalidateSession: of an unknown session does not throw',
    'invalidateSession ends one, and keeps silent about one that is not there',
    sessions('if (!found) return\n', "if (!found) throw new Error('Session not found')\n"),
  ),
  method(
    'invalidateAllSessions',
    'invalidateAllSessions ends all but',
    sessions("await core.store.sessions.endAll(userId, 'revoked', now, excludedSessionIds[0], { audit })", 'void audit'),
  ),
  method(
    'invalidateAllSessions: excludedSessionIds',
    'invalidateAllSessions ends all but',
    sessions('.filter(({ id }) => !excludedSessionIds.includes(id))', ''),
  ),
  method(
    'e-mails are found and shown in lower case',
    FINDERS,
    users("findBy({ kind: 'email', key: emailKey(textOf(email)) })", "findBy({ kind: 'email', key: textOf(email) })"),
  ),
]

/** @type {import('../row.d.ts').Chapter} */
export const databases = { title: 'Database adapters and imports', rows: [...below, ...above, ...imports] }
