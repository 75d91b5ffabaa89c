const LIFETIMES_TEST = 'packages/common/src/meteor/accounts-common.test.ts'
const LIFETIMES = 'packages/common/src/meteor/account-options.ts'
const COLLECTION_TEST = 'packages/server/src/meteor/users/collection.test.ts'

/** @type {import('../row.d.ts').MeteorChapter} */
export const configuration = {
  title: 'Configuration',
  rows: [
    {
      number: 1,
      item: 'With `loginExpirationInDays: 2` a login token is good for 172 800 000 ms',
      proof: { file: LIFETIMES_TEST, title: 'of login tokens are what loginExpirationInDays says' },
      off: { file: LIFETIMES, from: '  if (days !== undefined) return (days || otherwise) * DAY\n', to: '' },
    },
    {
      number: 2,
      item: 'With `loginExpirationInDays: null` it is good for a hundred years',
      proof: { file: LIFETIMES_TEST, title: 'of login tokens that never expire are a hundred years' },
      off: { file: LIFETIMES, from: '  if (days === null) return LOGIN_UNEXPIRING_TOKEN_DAYS * DAY\n', to: '' },
    },
    {
      number: 3,
      item: 'A token that never expires has a date all the same',
      proof: { file: LIFETIMES_TEST, title: 'that never end lead to a date that is one' },
      off: {
        file: LIFETIMES,
        from: 'new Date(Number(when) + tokenLifetime(options))',
        to: 'new Date(Number(when) + (options.loginExpirationInDays === null ? Infinity : tokenLifetime(options)))',
      },
    },
    {
      number: 4,
      item: 'A token that never expires is not about to, 200 days before its date',
      proof: { file: LIFETIMES_TEST, title: 'that never end are not over soon in 200 days' },
      off: { file: LIFETIMES, from: 'Math.min(0.1 * tokenLifetime(options), HOUR)', to: '0.1 * tokenLifetime(options)' },
    },
    {
      number: 5,
      item: 'Without options a login token is good for `DEFAULT_LOGIN_EXPIRATION_DAYS`, which are 90',
      proof: { file: LIFETIMES_TEST, title: 'of login tokens are 90 days when nothing is said' },
      off: { file: LIFETIMES, from: 'DEFAULT_LOGIN_EXPIRATION_DAYS = 90', to: 'DEFAULT_LOGIN_EXPIRATION_DAYS = 30' },
    },
    {
      number: 6,
      item: '`config({ defaultFieldSelector })` keeps that very object in `_options`',
      proof: { file: LIFETIMES_TEST, title: 'options are kept as they are set' },
      off: {
        file: 'packages/common/src/meteor/accounts-common.ts',
        from: 'Object.assign(this._options, changes)',
        to: 'Object.assign(this._options, structuredClone(changes))',
      },
    },
    {
      number: 7,
      item: '`config({ collection })` with a collection uses the users in it: one address can have a user in each of two',
      note: 'of the collection the name is used; users are kept by the store',
      proof: {
        file: COLLECTION_TEST,
        title: 'a collection of users in memory given as an object with a name is the collection of that name',
      },
      off: {
        file: 'packages/server/src/meteor/collection-name.ts',
        from: "typeof given === 'object' ? nameOf(given) : given",
        to: 'given',
      },
    },
    {
      number: 8,
      item: 'So does `config({ collection })` with the name of one',
      proof: {
        file: COLLECTION_TEST,
        title: 'a collection of users in memory named by config is used from then on: the same email can be created in two',
      },
      off: {
        file: 'packages/server/src/meteor/meteor-base.ts',
        from: 'if (collection !== undefined) this._useCollection(collection)',
        to: '',
      },
    },
    {
      number: 9,
      item: 'A link in a mail has no parameters, unless the app gives some: those stand before its hash',
      proof: {
        file: 'packages/server/src/meteor/meteor-mail.test.ts',
        title: 'a link has no parameters of its own; those it is given stand before the hash',
      },
      off: {
        file: 'packages/server/src/meteor/email/urls.ts',
        from: "${query.length > 0 ? `${start.includes('?') ? '&' : '?'}${query.join('&')}` : ''}",
        to: '',
      },
    },
  ],
}
