const TEST = 'packages/server/src/meteor/meteor-external.test.ts'
const LINK = 'packages/server/src/core/flows/link.ts'
const EXTERNAL = 'packages/server/src/meteor/meteor-external.ts'
const HOOKS = 'packages/server/src/core/policy/external-logins.ts'
const VOUCHED = 'packages/server/src/meteor/external/vouched.ts'

/** @type {import('../row.d.ts').MeteorChapter} */
export const external = {
  title: 'External services',
  rows: [
    {
      number: 45,
      item: 'Without a hook, a new user who comes through a provider keeps the profile from the options',
      proof: { file: TEST, title: 'without a hook the profile of a new user from a provider is kept' },
      off: { file: LINK, from: 'defaults: profile ? { profile } : {} }', to: 'defaults: {} }' },
    },
    {
      number: 46,
      item: 'What `onExternalLogin` answers changes the profile of a user who is there; excluded fields are hidden from it and stay',
      note: 'it may set fields of the app, and no names, addresses or services',
      proof: { file: TEST, title: 'onExternalLogin changes the fields of a user who is there' },
      off: {
        file: LINK,
        from: '  await core.store.users.changeCustom(user.id, kept => ({ ...kept, ...keptCustom(core.settings.face, own) }), core.clock.now())',
        to: '',
      },
      also: [
        {
          item: 'Fields that are excluded are hidden from `onExternalLogin`',
          proof: { file: TEST, title: 'onExternalLogin changes the fields of a user who is there' },
          off: {
            file: EXTERNAL,
            from: 'return user ? this._document(user) : undefined',
            to: 'return user ? this._document(user, { fields: {} }) : undefined',
          },
        },
      ],
    },
    {
      number: 47,
      item: 'What `onExternalLogin` answers is also what a new user begins with',
      proof: { file: TEST, title: 'onExternalLogin also says what a new user begins with' },
      off: { file: LINK, from: ': await core.externalLogins.fieldsOf(login, null)', to: ': await vouched.registration()' },
    },
    {
      number: 48,
      item: '`beforeExternalLogin` is asked with the service, its data and the user who was found; false makes the call reject',
      proof: {
        file: TEST,
        title: 'beforeExternalLogin is asked with service, data and the user who was found; false makes the call reject',
      },
      off: { file: HOOKS, from: 'if (before && !(await asApp(before(login, user))))', to: 'if (false)' },
    },
    {
      number: 49,
      item: '`setAdditionalFindUserOnExternalLogin` can name a user who is there, whose the service then is',
      note: 'it is written down, and the user is told by mail',
      proof: { file: TEST, title: 'setAdditionalFindUserOnExternalLogin can name a user who is there' },
      off: { file: LINK, from: '      (await userOfApp(core, coming)) ??\n', to: '' },
    },
    {
      number: 50,
      item: 'Facebook: the same id is the same user; new data stands beside the old, and the profile stays',
      proof: { file: TEST, title: 'facebook: the same id is the same user' },
      off: { file: LINK, from: 'account: { ...before, ...coming.account }', to: 'account: { ...coming.account }' },
      also: [
        {
          item: 'Facebook: what the provider says now is kept',
          proof: { file: TEST, title: 'facebook: the same id is the same user' },
          off: { file: LINK, from: '  await keepAccount(core, coming, user)\n', to: '' },
        },
      ],
    },
    {
      number: 51,
      item: 'Meteor developer, a name with a hyphen: the same user, whose profile stays',
      proof: { file: TEST, title: 'meteor-developer: a name with a hyphen is the same user too, and the profile stays' },
      off: { file: LINK, from: '      (await linkedUser(core, coming)) ??\n', to: '' },
    },
    {
      number: 52,
      item: 'Weibo: other ids are other users, and no `emails` are made of what it says',
      proof: { file: TEST, title: 'weibo: other ids are other users, and no emails are made of what it says' },
      off: {
        file: LINK,
        from: 'return { draft: { emails: [], custom: {} }, options',
        to: 'return { draft: { emails: [{ address: `${vouched.subject}@example.org`, key: `${vouched.subject}@example.org`, verified: false }], custom: {} }, options',
      },
    },
    {
      number: 53,
      item: 'Twitter: a user with a number for an id is found by the text, which is then what is kept',
      note: 'ids become text when they are first kept',
      proof: { file: TEST, title: 'twitter: a user whose document has a number for an id is found by the text' },
      off: {
        file: 'packages/server/src/meteor/users/insert-user-doc.ts',
        from: 'return { provider, subject: String(id), account }',
        to: 'return { provider, subject: id as string, account }',
      },
      also: [
        {
          item: 'Twitter: an id that a provider says as a number is kept as text',
          proof: { file: TEST, title: 'twitter: a user with a number for an id is found by the text, which is then what is kept' },
          off: { file: VOUCHED, from: 'account: { ...serviceData, id: subject }', to: 'account: { ...serviceData }' },
        },
      ],
    },
  ],
}
