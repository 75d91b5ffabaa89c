/** @type {import('../row.d.ts').MeteorChapter} */
export const twoFactor = {
  title: 'Two-factor',
  rows: [
    {
      number: 162,
      item: "`_check2faEnabled` is true of a user with `{ type: 'otp' }`, and false of one without",
      note: 'the secret is in no document',
      proof: {
        file: 'packages/server/src/meteor/semi-private.test.ts',
        title: 'know whether codes of an authenticator app are set up',
      },
      off: { file: 'packages/server/src/meteor/meteor-accounts.ts', from: "return type === 'otp'", to: 'return Boolean(type) && false' },
    },
    {
      number: 163,
      item: '`has2faEnabled` is false for a new user',
      proof: { file: 'packages/server/src/transports/ddp/accounts/two-factor-methods.test.ts', title: 'is off for a new user' },
      off: {
        file: 'packages/server/src/transports/ddp/accounts/two-factor-methods.ts',
        from: '(await call.accounts.twoFactorStatus(who)).enabled',
        to: 'Boolean(await call.accounts.twoFactorStatus(who))',
      },
    },
  ],
}
