const TEST = 'packages/server/src/meteor/meteor-accounts.test.ts'
const SELECTOR = 'packages/common/src/meteor/field-selector.ts'
const BASE = 'packages/server/src/meteor/meteor-base.ts'

/** @type {import('../row.d.ts').MeteorChapter} */
export const user = {
  title: 'user() and field selectors',
  rows: [
    {
      number: 37,
      item: 'By default the user comes whole',
      note: 'without hashes, tokens and secrets, which no document has',
      proof: { file: TEST, title: 'comes whole by default, dates as dates' },
      off: {
        file: BASE,
        from: 'this._addDefaultFieldSelector(options).fields',
        to: 'this._addDefaultFieldSelector(options).fields ?? DEFAULT_PUBLISH_FIELDS',
      },
    },
    {
      number: 38,
      item: 'A field that the default leaves out is missing, with no argument and with `{}`',
      proof: { file: TEST, title: 'comes without the fields that the default leaves out, with no argument and with an empty one' },
      off: { file: SELECTOR, from: 'if (!fields) return { ...options, fields: defaultSelector }', to: 'if (!fields) return options' },
    },
    {
      number: 39,
      item: '`{ fields: { bigArray: 1 } }` answers that field, and not the username',
      proof: { file: TEST, title: 'comes with the fields that are asked for, whatever the default' },
      off: { file: BASE, from: 'this._addDefaultFieldSelector(options).fields', to: 'this._addDefaultFieldSelector({}).fields' },
    },
    {
      number: 40,
      item: '`{ fields: { username: 0 } }` leaves out what the default leaves out as well',
      proof: { file: TEST, title: 'comes without the fields that are left out, nor those of the default' },
      off: { file: SELECTOR, from: 'fields: { ...defaultSelector, ...fields }', to: 'fields' },
    },
    {
      number: 41,
      item: '`{ fields: {} }` answers everything',
      proof: { file: TEST, title: 'comes whole when no fields are named' },
      off: { file: SELECTOR, from: 'if (isEverything || ', to: 'if (' },
    },
    {
      number: 42,
      item: 'A default that names a field answers that one alone',
      proof: { file: TEST, title: 'comes with the one field that the default names' },
      off: { file: SELECTOR, from: 'inclusion ? including(document, tree) : excluding(document, tree)', to: 'excluding(document, tree)' },
    },
    {
      number: 43,
      item: 'On the client it is the same: a default that leaves out `profile.x`, and `profile.name` alone where it is asked for',
      proof: { file: 'e2e/meteor-client-functions.test.ts', title: 'fields of the user can be chosen, and a default leaves some out' },
      off: {
        file: 'packages/client/src/meteor/client-common.ts',
        from: 'addDefaultFieldSelector(options, this._options.defaultFieldSelector)',
        to: 'options',
      },
    },
    {
      number: 44,
      item: 'Outside of a method and a publication `user()` rejects',
      proof: { file: TEST, title: 'is nobody where nobody is signed in, and an error outside of a method and a publication' },
      off: {
        file: BASE,
        from: "if (!invocation) throw new Error('Meteor.userId can only be invoked in method calls or publications.')",
        to: 'if (!invocation) return null',
      },
    },
  ],
}
