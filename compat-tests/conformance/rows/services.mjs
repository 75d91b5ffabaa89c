const SERVICE = 'packages/server/src/compat/accounts-js-service.ts'
const LOGIN = 'packages/server/src/core/flows/login.ts'

const service = /** @param {string} title */ title => ({ file: 'packages/server/src/compat/accounts-js-service.test.ts', title })
const inService = /** @param {string} from @param {string} to */ (from, to) => ({ file: SERVICE, from, to })

const SIGNS_IN = 'signs in by the name it is registered under, and is given the server'
const NOBODY = 'is refused by accounts-js’s words when it proves nobody, or somebody who is not kept here'
const HOOKS = 'passes the hooks, and a deactivated user does not pass'
const DATABASE = 'is given the database by the method of its generation, and finds users in it'
const OWN_ERROR = 'refuses with its own error, unchanged; on the wire its text and code'

/** @type {import('../row.d.ts').Chapter} */
export const services = {
  title: 'Authentication services of an app',
  rows: [
    {
      item: 'services: { [name]: service }',
      note: 'the key is the name on the wire, not `serviceName`',
      proof: service(SIGNS_IN),
      off: inService(
        '[name, strategyOf(name, service)]',
        "[String(Reflect.get(Object(service), 'serviceName')), strategyOf(name, service)]",
      ),
    },
    {
      item: 'authenticate(params)',
      proof: service(SIGNS_IN),
      off: inService('return await service.authenticate(params)', 'return null'),
    },
    {
      item: 'authenticate: is handed the params',
      proof: service(SIGNS_IN),
      off: inService('await service.authenticate(params)', 'await service.authenticate({})'),
    },
    {
      item: 'authenticate: null is AuthenticationFailed',
      proof: service(NOBODY),
      off: inService('if (id === undefined) return undefined', "if (id === undefined) throw new AccountsError('InvalidCredentials')"),
    },
    {
      item: 'authenticate: params that are no object',
      proof: service(NOBODY),
      off: inService("typeof params === 'object' && params !== null ? params : {}", 'params as object'),
    },
    {
      item: 'authenticate: a deactivated user',
      note: '`UserDeactivated`, by the service’s word or the database’s',
      proof: service(HOOKS),
      off: inService('user?.deactivated === true ?', 'user === null ?'),
    },
    {
      item: 'authenticate: its own error reaches the app unchanged, and the client with text and code',
      proof: service(OWN_ERROR),
      off: inService(': passThrough(thrown)', ": new AccountsError('AuthenticationFailed')"),
    },
    {
      item: 'authenticate: AccountsJsError with a code of accounts-js',
      proof: service(OWN_ERROR),
      off: inService('return isErrorCode(code) ?', 'return isErrorCode(code) && false ?'),
    },
    {
      item: 'authenticate: errors of drivers and of the system are not shown',
      proof: service('hands what a driver or the system threw to nobody outside'),
      off: inService('if (isAccountsError(thrown) || !isMeant(thrown)) return thrown', 'if (isAccountsError(thrown)) return thrown'),
    },
    { item: 'server', proof: service(SIGNS_IN), off: inService('service.server = server\n', 'void server\n') },
    {
      item: 'setStore(db)',
      note: 'accounts-js 0.33',
      proof: service(DATABASE),
      off: inService('service.setStore?.(database)', ''),
    },
    {
      item: 'setUserStore(db)',
      note: 'accounts-js 1.0',
      proof: service(DATABASE),
      off: inService('service.setUserStore?.(database)', ''),
    },
    {
      item: 'setSessionsStore(db)',
      note: 'accounts-js 1.0',
      proof: service(DATABASE),
      off: inService('service.setSessionsStore?.(database)', ''),
    },
    {
      item: 'hooks are fired, with the service’s name and params',
      proof: service(HOOKS),
      off: {
        file: LOGIN,
        from: "if (manner === 'openly') await core.hooks.tell('login'",
        to: "if (manner === 'openly' && attempt.service === 'password') await core.hooks.tell('login'",
      },
    },
    {
      item: 'a second factor is asked for',
      note: 'which accounts-js asks for passwords only',
      proof: service('cannot skip the second factor'),
      off: {
        file: LOGIN,
        from: ': await secondFactorGiven(core, {',
        to: ': await (async (_core: unknown, known: { proof: Proof }) => [known.proof.factor])(core, {',
      },
    },
    {
      item: 'a class in the place of a service is refused',
      note: 'accounts-js 1.0 resolves classes by injection, which is not carried over',
      proof: service('is refused by name: a class with what to write instead'),
      off: inService("typeof given === 'function'\n", "typeof given === 'bigint'\n"),
    },
  ],
}
