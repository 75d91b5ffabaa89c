const MAIL_TEST = 'packages/server/src/meteor/meteor-mail.test.ts'
const WIRE_TEST = 'packages/server/src/meteor/over-ddp.test.ts'
const LETTERS = 'packages/server/src/meteor/email/letters.ts'
const TO_WHOM = 'packages/server/src/core/flows/mail-request.ts'
const METHODS = 'packages/server/src/transports/ddp/accounts/password-methods.ts'
const EMAILS_KEPT = 'packages/server/src/stores/memory/emails.ts'
const WORDED = 'a mail of the core has the link in text and html, the sender of its kind and the headers of all'
const SIGNED_UP =
  'who signs up with sendVerificationEmail gets exactly one mail, and is published with one unverified address and no services; its link signs in and verifies'

/** @type {import('../row.d.ts').MeteorChapter} */
export const mail = {
  title: 'E-mail flows',
  rows: [
    {
      number: 148,
      item: '`forgotPassword` for an address that was added later writes to that one',
      proof: {
        file: MAIL_TEST,
        title: 'adding an address and sending its verification, and a reset to that address although it is not the first',
      },
      off: { file: TO_WHOM, from: 'user?.emails.find(one => emailKey(one.address) === parsed.key)', to: 'user?.emails[0]' },
    },
    {
      number: 149,
      item: 'The mail has the link `#/reset-password/<token>` in its text',
      proof: { file: MAIL_TEST, title: WORDED },
      off: { file: LETTERS, from: 'return urls[template](token)', to: 'return siteUrl()' },
      also: [
        {
          item: 'and in its html',
          proof: { file: MAIL_TEST, title: WORDED },
          off: { file: LETTERS, from: 'if (hasHtml(template)) options.html = await template.html(user, url, extra)', to: '' },
        },
        {
          item: 'it comes from the sender of its kind',
          proof: { file: MAIL_TEST, title: WORDED },
          off: { file: LETTERS, from: '(await template.from?.(user)) ?? emailTemplates.from', to: 'emailTemplates.from' },
        },
        {
          item: 'and has the headers of all mails',
          proof: { file: MAIL_TEST, title: WORDED },
          off: { file: LETTERS, from: 'options.headers = { ...emailTemplates.headers }', to: 'options.headers = {}' },
        },
      ],
    },
    {
      number: 150,
      item: 'Its token sets a new password and signs in, and after a logout that password does',
      proof: {
        file: WIRE_TEST,
        title: 'goes to an address that was added later, asked for in another case, and leads back in with the new password',
      },
      off: { file: METHODS, from: 'return login ? await signIn(call, login) : undefined', to: 'return login && undefined' },
    },
    {
      number: 151,
      item: 'So it is when the address is asked for in another case',
      proof: { file: MAIL_TEST, title: 'a reset asked for in another case goes to the address as it is kept, and leads in' },
      off: {
        file: TO_WHOM,
        from: "users.find({ kind: 'email', key: parsed.key })",
        to: "users.find({ kind: 'email', key: parsed.address })",
      },
    },
    {
      number: 152,
      item: 'Whoever signs up is published with one unverified address and no `services`',
      proof: { file: MAIL_TEST, title: SIGNED_UP },
      off: {
        file: 'packages/server/src/meteor/meteor-base.ts',
        from: 'DEFAULT_PUBLISH_FIELDS: FieldSelector = { profile: 1, username: 1, emails: 1 }',
        to: 'DEFAULT_PUBLISH_FIELDS: FieldSelector = { profile: 1, username: 1 }',
      },
    },
    {
      number: 153,
      item: 'With `sendVerificationEmail` they are sent exactly one mail',
      proof: { file: MAIL_TEST, title: SIGNED_UP },
      off: {
        file: 'packages/server/src/meteor/meteor-options.ts',
        from: '{ sendVerificationEmailAfterSignup: sendVerificationEmail }',
        to: '{}',
      },
      also: [
        {
          item: 'its token signs in',
          proof: { file: MAIL_TEST, title: SIGNED_UP },
          off: {
            file: METHODS,
            from: "call.accounts.verifyEmailAndLogin(token, call.origin, 'resume')",
            to: 'call.accounts.verifyEmail(token, call.origin).then(() => null)',
          },
        },
        {
          item: 'and marks the address as verified',
          proof: { file: MAIL_TEST, title: SIGNED_UP },
          off: { file: EMAILS_KEPT, from: '        email.verified = true\n', to: '' },
        },
      ],
    },
    {
      number: 154,
      item: 'A second address, and the same one spelt anew, is verified by its own mail alone',
      note: 'one that differs in case alone takes the place of the other, instead of being a third',
      proof: {
        file: WIRE_TEST,
        title: 'an address is verified by its own link alone, and once it is spelt anew it has to be verified anew',
      },
      off: { file: EMAILS_KEPT, from: 'find(candidate => candidate.address === address)', to: 'find(() => address)' },
    },
    {
      number: 155,
      item: 'Whoever was created on the server and invited chooses a password by the link, which signs in and verifies the address',
      proof: {
        file: MAIL_TEST,
        title:
          'an invitation to a user who was made on the server leads to a password: signs in, verifies the address, and the password works later',
      },
      off: { file: 'packages/server/src/core/flows/recover.ts', from: '...(key === null ? {} : { verifyEmailKey: key }),', to: '' },
    },
  ],
}
