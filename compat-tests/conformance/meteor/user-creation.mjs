const TEST = 'packages/server/src/meteor/users/new-users.test.ts'
const INPUT = 'packages/server/src/meteor/users/insert-user-doc.ts'
const USERS_KEPT = 'packages/server/src/stores/memory/users.ts'
const DOCUMENT = 'packages/server/src/compat/meteor-user.ts'

/** @type {import('../row.d.ts').MeteorChapter} */
export const userCreation = {
  title: 'User creation on the server',
  rows: [
    {
      number: 10,
      item: '`validateNewUser` sees the new user with the `_id` they will have',
      proof: { file: TEST, title: 'a hook that validates new users sees the new user with their _id' },
      off: { file: 'packages/server/src/meteor/users/new-user-document.ts', from: '    _id: id,\n', to: '' },
      also: [
        {
          item: 'so it does where a provider vouches for them',
          proof: { file: TEST, title: 'sees users who come through a provider with their _id and what the provider said' },
          off: {
            file: 'packages/server/src/core/flows/link.ts',
            from: '[vouched.provider]: { ...(vouched.email ? { email: vouched.email.address } : {}), ...vouched.account, id: vouched.subject },',
            to: '',
          },
        },
      ],
    },
    {
      number: 11,
      item: '`insertUserDoc` copies `options.profile`, sets `createdAt` and keeps the username',
      proof: { file: TEST, title: 'sets createdAt, copies options.profile and keeps the username' },
      off: { file: INPUT, from: 'defaults: options.profile ? { profile: options.profile } : {},', to: 'defaults: {},' },
      also: [
        {
          item: '`insertUserDoc` keeps the username',
          proof: { file: TEST, title: 'sets createdAt, copies options.profile and keeps the username' },
          off: { file: INPUT, from: '...(username === undefined ? {} : { username }),', to: '' },
        },
      ],
    },
    {
      number: 12,
      item: 'The same username a second time is rejected with "Username already exists."',
      proof: { file: TEST, title: 'rejects the same username again with "Username already exists."' },
      off: {
        file: USERS_KEPT,
        from: 'row.identifiers.find(({ kind, key }) => ',
        to: "row.identifiers.find(({ kind, key }) => kind !== 'username' && ",
      },
    },
    {
      number: 13,
      item: '`insertUserDoc` keeps `emails` as it is given',
      proof: { file: TEST, title: 'keeps the emails array as given' },
      off: { file: INPUT, from: '=> ({ address, verified })),', to: '=> ({ address, verified })).slice(0, 1),' },
    },
    {
      number: 14,
      item: 'The same addresses a second time, or only one of them, are rejected with "Email already exists."',
      proof: { file: TEST, title: 'rejects the same emails, or only one of them, with "Email already exists.", and takes another' },
      off: {
        file: USERS_KEPT,
        from: 'row.identifiers.find(({ kind, key }) => ',
        to: "row.identifiers.find(({ kind, key }) => kind !== 'email' && ",
      },
    },
    {
      number: 15,
      item: 'Another address is taken, and `createdAt` is set',
      proof: { file: TEST, title: 'rejects the same emails, or only one of them, with "Email already exists.", and takes another' },
      off: { file: DOCUMENT, from: '    createdAt: new Date(user.createdAt),\n', to: '' },
    },
  ],
}
