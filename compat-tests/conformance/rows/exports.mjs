const INDEX = 'packages/server/src/index.ts'
const HELPERS = 'packages/server/src/compat/helpers.ts'
const ENUMS = 'packages/server/src/compat/error-enums.ts'
const TYPES = 'packages/server/src/types.ts'

const exported = /** @param {string} title */ title => ({ file: 'packages/server/src/index.test.ts', title })

const ERROR = 'AccountsJsError carries message and code, and our errors are instances of it'
const EMAIL = 'getFirstUserEmail answers the first address, or the one that was asked for if the user has it'
const RANDOM = 'generateRandomToken makes 43 random bytes in hexadecimal, or as many as wanted'

/** @type {import('../row.d.ts').Chapter} */
export const packageExports = {
  title: 'Exports of @accounts/server and @accounts/types',
  rows: [
    {
      item: 'AccountsServer, by default',
      proof: exported('is all here: the server, by name and by default'),
      off: { file: INDEX, from: 'AccountsServer, AccountsServer as default', to: 'AccountsServer' },
    },
    {
      item: 'AccountsServer',
      proof: exported('is all here: the server, by name and by default'),
      off: { file: INDEX, from: 'AccountsServer, AccountsServer as default', to: 'AccountsServer as default' },
    },
    {
      item: 'ServerHooks',
      proof: exported('ServerHooks names its hooks'),
      off: { file: INDEX, from: "export { ServerHooks } from './compat/server-hooks.ts'\n", to: '' },
    },
    {
      item: 'ServerHooks.X is X, for all 17',
      proof: { file: 'packages/server/src/compat/server-hooks.test.ts', title: 'each hook is named as it is called' },
      off: { file: 'packages/server/src/compat/server-hooks.ts', from: "  LoginError: 'LoginError',", to: "  LoginError: 'loginError'," },
    },
    {
      item: 'AccountsJsError(message, code)',
      proof: exported(ERROR),
      off: { file: 'packages/server/src/compat/accounts-js-error.ts', from: 'this.code = code', to: "this.code = ''" },
    },
    {
      item: 'AccountsJsError: instanceof',
      note: 'our own errors are instances too',
      proof: exported(ERROR),
      off: {
        file: 'packages/server/src/compat/accounts-js-error.ts',
        from: 'if (this === AccountsJsError && isAccountsError(value)) return true',
        to: '',
      },
    },
    {
      item: 'generateRandomToken(length)',
      proof: exported(RANDOM),
      off: { file: HELPERS, from: 'randomBytes(length)', to: 'randomBytes(43)' },
    },
    {
      item: 'generateRandomToken(): 43 bytes, 86 characters',
      proof: exported(RANDOM),
      off: { file: HELPERS, from: 'length: number = 43', to: 'length: number = 32' },
    },
    {
      item: 'getFirstUserEmail(user, address)',
      proof: exported(EMAIL),
      off: { file: HELPERS, from: 'return first.address', to: 'return address' },
    },
    {
      item: "getFirstUserEmail: User doesn't have an email address",
      proof: exported(EMAIL),
      off: { file: HELPERS, from: 'if (!first) throw new Error("User doesn\'t have an email address")', to: "if (!first) return ''" },
    },
    {
      item: 'getFirstUserEmail: No such email address for user',
      proof: exported(EMAIL),
      off: { file: HELPERS, from: 'if (!emails.some(', to: 'if (emails.length < 1 && !emails.some(' },
    },
    ...[
      'AuthenticateWithServiceErrors',
      'LoginWithServiceErrors',
      'ImpersonateErrors',
      'FindSessionByAccessTokenErrors',
      'RefreshTokensErrors',
      'LogoutErrors',
      'ResumeSessionErrors',
    ].map(name => ({
      item: name,
      proof: exported(`${name} holds its codes, each by its own name, and they are codes of ours`),
      off: { file: ENUMS, from: `export const ${name} =`, to: `const ${name} =` },
    })),
    {
      item: 'DatabaseType',
      note: 'accounts-js 1.0',
      proof: exported('the types of @accounts/types describe what the server hands out, and the app’s own fields in it'),
      off: { file: TYPES, from: "Sessions: 'sessions'", to: "Sessions: 'session'" },
    },
  ],
}
