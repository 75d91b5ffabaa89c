const TEST = 'packages/server/src/strategies/code/accounts-code.test.ts'
const METHODS_TEST = 'packages/server/src/transports/ddp/accounts/code-methods.test.ts'
const CODE = 'packages/server/src/strategies/code/accounts-code.ts'
const MISMATCH = 'are refused with another address than their own, and with other characters'

/** @type {import('../row.d.ts').MeteorChapter} */
export const passwordless = {
  title: 'Passwordless',
  rows: [
    {
      number: 156,
      item: 'A code of an hour ago is refused with "Expired token"',
      proof: { file: METHODS_TEST, title: 'are refused as expired once their time is over' },
      off: { file: CODE, from: 'if (goodUntil(row) <= now || ', to: 'if (' },
    },
    {
      number: 157,
      item: 'With another address than its own it is refused with "Email or token mismatch"',
      note: 'with one of the user’s; the address of nobody is "User not found"',
      proof: { file: METHODS_TEST, title: MISMATCH },
      off: { file: CODE, from: "params.selector.kind === 'email'\n", to: "params.selector.kind === 'username'\n" },
    },
    {
      number: 158,
      item: 'So is a wrong code with the right address',
      proof: { file: METHODS_TEST, title: MISMATCH },
      off: { file: CODE, from: 'if (!isCodeOf(core, row, params.token)) return { ...proof, error: this.#mismatch(params) }', to: '' },
    },
    {
      number: 159,
      item: 'A wrong code without an address is refused with "Token mismatch"',
      proof: { file: METHODS_TEST, title: MISMATCH },
      off: {
        file: CODE,
        from: "byEmail ? 'Email or token mismatch' : undefined",
        to: "byEmail ? 'Email or token mismatch' : 'Email or token mismatch'",
      },
    },
    {
      number: 160,
      item: 'The right code with its address signs in',
      proof: { file: TEST, title: 'is six upper-case hex digits, good on any device, for an hour' },
      off: { file: CODE, from: "address: kind === 'email' ? key : ''", to: "address: kind === 'email' ? '' : ''" },
    },
    {
      number: 161,
      item: 'The right code of a user signs in without an address',
      proof: {
        file: TEST,
        title:
          'hands the code without an address to the app, which can keep the mails back; it works once and asks for a second factor too',
      },
      off: { file: CODE, from: "address: kind === 'email' ? key : ''", to: 'address: kind && key' },
    },
  ],
}
