const TEST = 'packages/client/src/meteor/stored-login.test.ts'
const TITLE = 'once, with the token, and signs nobody in until it is done'

/** @type {import('../row.d.ts').MeteorChapter} */
export const urlHashes = {
  title: 'URL hashes',
  rows: [
    {
      number: 71,
      item: '`#/reset-password/…`, `#/verify-email/…` and `#/enroll-account/…` each call their callback once, with the token, which the older property has too',
      proof: { file: TEST, title: TITLE },
      off: { file: 'packages/client/src/meteor/links.ts', from: '    callback(this.link.token, () => this.#autoLogin.enable())\n', to: '' },
      also: [
        {
          item: 'the token of a link is also in `_resetPasswordToken`, `_verifyEmailToken` and `_enrollAccountToken`',
          proof: { file: TEST, title: TITLE },
          off: {
            file: 'packages/client/src/meteor/links.ts',
            from: 'return this.link?.kind === kind ? this.link.token : undefined',
            to: 'return kind ? undefined : undefined',
          },
        },
      ],
    },
  ],
}
