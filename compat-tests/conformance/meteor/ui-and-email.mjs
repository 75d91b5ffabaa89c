const TEST = 'packages/server/src/meteor/email/email.test.ts'
const EMAIL = 'packages/server/src/meteor/email/email.ts'

/** @type {import('../row.d.ts').MeteorChapter} */
export const uiAndEmail = {
  title: 'Accounts UI and Email',
  rows: [
    {
      number: 203,
      item: '`Accounts.ui.config` refuses unknown keys and values',
      reason: { doesNotApply: '`Accounts.ui` configures a form that Meteor draws with Blaze' },
    },
    {
      number: 204,
      item: '`Email` shows a mail between markers when it can be sent nowhere, asks hooks, uses `customTransport`, and knows services by name',
      proof: { file: TEST, title: 'without a mail server, a mail is shown between markers, with its headers' },
      off: { file: EMAIL, from: '      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),\n', to: '' },
      also: [
        {
          item: 'a hook can keep a mail from being sent',
          proof: { file: TEST, title: 'a hook that answers something falsy keeps a mail from being sent, and later hooks are not asked' },
          off: { file: EMAIL, from: 'if (!(await hook(options))) return', to: 'await hook(options)' },
        },
        {
          item: '`customTransport` is used in the place of everything else',
          proof: { file: TEST, title: 'customTransport sends in the place of everything else, with the settings of the mail server' },
          off: { file: EMAIL, from: 'if (this.customTransport) return', to: 'if (false) return' },
        },
        {
          item: 'services that are known by name are one server',
          proof: { file: TEST, title: 'a service that is known by its name is one server; one that nobody knows is an error' },
          off: {
            file: 'packages/server/src/meteor/email/transport.ts',
            from: 'const server = await serverOf(address.protocol.slice(0, -1))',
            to: "const server = { host: 'localhost', port: 1, secure: false }",
          },
        },
      ],
    },
  ],
}
