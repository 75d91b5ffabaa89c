const TEST = 'packages/server/src/meteor/users/names.test.ts'
const USERS = 'packages/server/src/meteor/meteor-users.ts'
const USERS_KEPT = 'packages/server/src/stores/memory/users.ts'
const EMAILS_KEPT = 'packages/server/src/stores/memory/emails.ts'
const EMAILS = 'packages/server/src/core/flows/emails.ts'
const RENAMED =
  'setUsername renames, and findUserByUsername finds the new name with the fields of the default selector, or those that are asked for'
const FOUND = 'findUserByEmail finds by any of them, with the fields of the default selector or those that are asked for'
const BY_DEFAULT = {
  file: 'packages/common/src/meteor/field-selector.ts',
  from: 'if (!fields) return { ...options, fields: defaultSelector }',
  to: 'if (!fields) return options',
}

/** Names and addresses that the app gives. @type {readonly import('../row.d.ts').MeteorRow[]} */
export const names = [
  {
    number: 137,
    item: '`setUsername` renames: `findUserByUsername` finds the new name, and the old one no more',
    proof: { file: TEST, title: RENAMED },
    off: {
      file: 'packages/server/src/core/flows/username.ts',
      from: 'await core.store.users.setUsername(userId, parsed.username, parsed.key, core.clock.now(), { audit })',
      to: "('set' as string)",
    },
    also: [
      {
        item: '`findUserByUsername` keeps to `defaultFieldSelector`',
        proof: { file: TEST, title: RENAMED },
        off: BY_DEFAULT,
      },
      {
        item: 'and to the fields that are asked for',
        proof: { file: TEST, title: RENAMED },
        off: { file: USERS, from: '_findUserByQuery({ username }, options)', to: '_findUserByQuery({ username })' },
      },
    ],
  },
  {
    number: 138,
    item: 'One’s own username may change its case',
    proof: { file: TEST, title: "setUsername changes the case of one's own name" },
    off: { file: USERS_KEPT, from: 'owner !== undefined && owner !== userId', to: 'owner !== undefined' },
  },
  {
    number: 139,
    item: 'A username that somebody else has in another case is refused with "Username already exists.", and nothing changes',
    proof: { file: TEST, title: 'is refused when somebody else has the name in another case, and nothing changes' },
    off: { file: USERS_KEPT, from: "if (owner !== undefined && owner !== userId) return 'taken'", to: '' },
  },
  {
    number: 140,
    item: '`addEmailAsync` appends addresses in their order',
    proof: { file: TEST, title: 'appends addresses in their order, unverified or as it is said' },
    off: { file: EMAILS_KEPT, from: 'row.user.emails.push(', to: 'row.user.emails.unshift(' },
    also: [
      {
        item: 'unverified, or verified where the app says so',
        proof: { file: TEST, title: 'appends addresses in their order, unverified or as it is said' },
        off: { file: USERS, from: 'addEmailOf(userId, newEmail, verified)', to: 'addEmailOf(userId, newEmail, false)' },
      },
    ],
  },
  {
    number: 141,
    item: '`findUserByEmail` finds by any address of a user',
    proof: { file: TEST, title: FOUND },
    off: { file: EMAILS_KEPT, from: "        swapIdentifier(data, row, 'email', undefined, key)\n", to: '' },
    also: [
      {
        item: '`findUserByEmail` keeps to `defaultFieldSelector`',
        proof: { file: TEST, title: FOUND },
        off: BY_DEFAULT,
      },
      {
        item: 'and to the fields that are asked for, too',
        proof: { file: TEST, title: FOUND },
        off: { file: USERS, from: '_findUserByQuery({ email }, options)', to: '_findUserByQuery({ email })' },
      },
    ],
  },
  {
    number: 142,
    item: 'A user without addresses can be given one',
    proof: { file: TEST, title: 'gives a user without addresses their first' },
    off: {
      file: EMAILS,
      from: 'else await add(core, { user, session: null }, { ...email, verified }, origin)',
      to: 'else if (user.emails.length > 0) await add(core, { user, session: null }, { ...email, verified }, origin)',
    },
  },
  {
    number: 143,
    item: 'One’s own address in another case is written anew in its place, as verified as it is said to be',
    proof: { file: TEST, title: "writes one's own address anew in its place when only its case differs, with the given flag" },
    off: { file: EMAILS, from: "core.settings.face === 'meteor' && user.emails.some(own", to: 'false && user.emails.some(own' },
  },
  {
    number: 144,
    item: 'An address of somebody else is refused with "Email already exists.", and both users stay as they are',
    proof: { file: TEST, title: "is refused for another user's address, whatever its case, and both are unchanged" },
    off: { file: EMAILS_KEPT, from: "if (data.identifiers.has(identifierKey('email', key))) return 'taken'", to: '' },
  },
  {
    number: 145,
    item: '`removeEmail` removes that address and no other',
    note: 'the last one is kept where there is no username',
    proof: { file: TEST, title: 'removeEmail removes exactly that address' },
    off: { file: EMAILS_KEPT, from: 'row.user.emails.splice(index, 1)', to: 'row.user.emails.splice(index)' },
  },
]
