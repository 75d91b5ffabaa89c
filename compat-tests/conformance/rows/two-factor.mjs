const SERVICE = 'packages/server/src/strategies/totp/two-factor.ts'
const OPTIONS = 'packages/server/src/strategies/totp/options.ts'
const SECRET = 'packages/server/src/strategies/totp/secret.ts'
const FLOW = 'packages/server/src/core/flows/two-factor.ts'
const STEP = 'packages/server/src/core/flows/second-factor.ts'
const TRIES = 'packages/server/src/core/flows/own-code.ts'
const CONFIRM = 'packages/server/src/core/flows/confirm.ts'
const ROUTES = 'packages/server/src/transports/rest/routes/two-factor.ts'
const ERRORS = 'packages/common/src/errors.ts'

const service = /** @param {string} title */ title => ({ file: 'packages/server/src/strategies/totp/two-factor.test.ts', title })
const option = /** @param {string} title */ title => ({ file: 'packages/server/src/strategies/totp/options.test.ts', title })
const set = /** @param {string} title */ title => ({ file: 'packages/server/src/core/flows/two-factor.test.ts', title })
const asked = /** @param {string} title */ title => ({ file: 'packages/server/src/core/flows/two-factor-asked.test.ts', title })
const rest = /** @param {string} title */ title => ({ file: 'packages/server/src/transports/rest/two-factor.test.ts', title })

/** @type {import('../row.d.ts').Chapter} */
export const twoFactor = {
  title: 'TwoFactor',
  rows: [
    {
      item: 'there wherever there are passwords',
      proof: service('is there wherever there are passwords'),
      off: { file: 'packages/server/src/second-factors.ts', from: 'if (!first) return given', to: 'return given' },
    },
    {
      item: 'appName',
      proof: option('appName is what authenticator apps show; without it they show the host of the site'),
      off: { file: SERVICE, from: 'this.#settings.appName ?? ', to: '' },
    },
    {
      item: 'secretLength',
      proof: option('secretLength is the length of new secrets'),
      off: { file: SERVICE, from: 'newSecret(chance, this.#settings.secretLength)', to: 'newSecret(chance, 20)' },
    },
    {
      item: 'window',
      note: '1 unless given; accounts-js: 0',
      proof: option('accepts codes'),
      off: { file: OPTIONS, from: "window: readCount('window', window, 0, 10)", to: 'window: 0' },
    },
    ...['userNotFound', 'codeDidNotMatch', 'userTwoFactorNotSet', 'userTwoFactorAlreadySet', 'codeRequired'].map(key => ({
      item: `errors.${key}`,
      proof: option('errors are the texts of the app'),
      off: { file: OPTIONS, from: 'if (message === undefined) continue', to: `if (message === undefined || key === '${key}') continue` },
    })),
    {
      item: 'getNewAuthSecret()',
      proof: service('getNewAuthSecret offers a secret in four writings; set sets it up with a code; authenticate takes the next one'),
      off: { file: SERVICE, from: '.twoFactorOffered(secret)', to: '.ready()' },
    },
    {
      item: 'set(userId, secret, code)',
      proof: service('getNewAuthSecret offers a secret in four writings; set sets it up with a code; authenticate takes the next one'),
      off: {
        file: FLOW,
        from: 'swapCredential({ expected: null, next: enrolment.credential }, along)',
        to: 'find({ kind: "id", key: user.id })',
      },
    },
    {
      item: 'unset(userId, code)',
      proof: service('unset gives it up, for a code'),
      off: { file: SERVICE, from: 'await this.#joined().twoFactorUnsetOf(userId, code)', to: 'await Promise.resolve()' },
    },
    {
      item: 'authenticate(user, code)',
      proof: service('says in accounts-js’s words what is missing'),
      off: { file: SERVICE, from: 'await this.#joined().twoFactorProve(user.id, code)', to: 'await Promise.resolve()' },
    },
    {
      item: 'getUserTwoFactorService(user)',
      proof: service('reads accounts-js’s own layout for apps that keep it'),
      off: {
        file: SERVICE,
        from: "'two-factor' in services ? services['two-factor'] : null",
        to: "'two-factor' in services ? null : null",
      },
    },
    {
      item: 'error text: 2FA code required',
      proof: rest('signing in says “2FA code required”; the code goes beside the password, or into the step after it'),
      off: { file: ERRORS, from: "row('2FA code required'", to: "row('A code is required'" },
    },
    {
      item: 'error text: 2FA code didn’t match',
      proof: rest('twoFactorUnset takes a code and answers an empty object'),
      off: { file: ERRORS, from: 'row("2FA code didn\'t match"', to: "row('Wrong code'" },
    },
    {
      item: 'error text: 2FA not set',
      proof: rest('twoFactorUnset takes a code and answers an empty object'),
      off: { file: ERRORS, from: "row('2FA not set'", to: "row('No second factor'" },
    },
    {
      item: 'error text: 2FA already set',
      proof: rest('setting it up twice is “2FA already set”'),
      off: { file: ERRORS, from: "'2FA already set',", to: "'A second factor is set'," },
    },
    {
      item: 'SHA-1, six digits, 30 seconds',
      proof: { file: 'packages/server/src/strategies/totp/secret.test.ts', title: 'are those of RFC 6238 at' },
      off: { file: SECRET, from: "algorithm: 'SHA1'", to: "algorithm: 'SHA256'" },
    },
    {
      item: 'code beside the password',
      proof: rest('signing in says “2FA code required”; the code goes beside the password, or into the step after it'),
      off: { file: 'packages/server/src/core/flows/login.ts', from: 'undefined : codeIn(params)', to: 'undefined : codeIn({ params })' },
    },
    {
      item: 'POST /password/twoFactorSecret',
      note: 'without a token and a body',
      proof: rest('twoFactorSecret answers without a token and without a body, as its client asks'),
      off: { file: ROUTES, from: "guard: 'known'", to: "guard: 'session'" },
    },
    {
      item: 'POST /password/twoFactorSet',
      proof: rest('twoFactorSet takes the secret as its client sends it back, or its base32 alone, and answers the recovery codes'),
      off: { file: ROUTES, from: "'/password/twoFactorSet'", to: "'/password/twoFactorSetUp'" },
    },
    {
      item: 'POST /password/twoFactorUnset',
      proof: rest('twoFactorUnset takes a code and answers an empty object'),
      off: { file: ROUTES, from: "'/password/twoFactorUnset'", to: "'/password/twoFactorOff'" },
    },
    {
      item: 'must differ: every way to sign in asks',
      proof: asked('a mailed link'),
      off: {
        file: STEP,
        from: 'proof.earlier?.length) return given',
        to: 'proof.earlier?.length || proof.factor.kind !== "knows") return given',
      },
    },
    {
      item: 'must differ: a code is good once',
      proof: set('is good once: not the one that set it up, not one that signed in, none before it'),
      off: { file: SERVICE, from: ' || step <= totpState(kept).lastStep', to: '' },
    },
    {
      item: 'must differ: of many who send one code at once one gets in',
      proof: set('is right for one of many who send it at that very moment'),
      off: {
        file: SERVICE,
        from: 'if (!(await store.users.swapCredential({ expected: kept, next: spent.next }, spent.along))) continue',
        to: 'await store.users.putCredential(spent.next, spent.along)',
      },
    },
    {
      item: 'must differ: tries are limited',
      proof: set('cannot be guessed from inside a session either'),
      off: {
        file: TRIES,
        from: 'refuseLocked(settings.lockout, [failures ?? null], clock.now())',
        to: 'refuseLocked(settings.lockout, [], clock.now())',
      },
    },
    {
      item: 'must differ: no secret of the client’s own choosing',
      proof: service('set refuses a secret of somebody’s own choosing'),
      off: [
        { file: FLOW, from: 'if (!offer || (offer.userId', to: 'if (offer && (offer.userId' },
        { file: FLOW, from: "if (!(await core.store.tokens.consume(hash, 'two-factor-offer', now))) throw notOffered()", to: '' },
      ],
    },
    {
      item: 'must differ: the secret is kept sealed',
      proof: service('is sealed or hashed: neither the secret nor a recovery code is to be found'),
      off: {
        file: 'packages/server/src/core/identity/totp.ts',
        from: "form: 'sealed-base32', secret: sealed,",
        to: "form: 'sealed-base32', secret: sealed && secret,",
      },
    },
    {
      item: 'must differ: asked for secrets are limited by address',
      proof: rest('twoFactorSecret is limited by address'),
      off: { file: FLOW, from: "await core.limiter.hit('offer', { ip: clientOf(origin) })", to: 'await Promise.resolve(clientOf(origin))' },
    },
    {
      item: 'must differ: changePassword asks for a code',
      proof: rest('a code confirms'),
      off: { file: CONFIRM, from: 'if (factor && !isRecent(core, who))', to: 'if (factor && !factor)' },
    },
    {
      item: 'must differ: a server without it lets nobody in who has one',
      proof: asked('and a server that was started without it lets nobody in who has one'),
      off: { file: STEP, from: '  refuseUnanswerable(core, user, credentials)\n', to: '' },
    },
    {
      item: 'added: recovery codes',
      proof: set('stands in for a code, once, and the user is told how many are left'),
      off: {
        file: SERVICE,
        from: 'if (hash === null || !recovery.includes(hash)) return null',
        to: 'if (hash !== null || recovery.length > 0) return null',
      },
    },
    {
      item: 'added: POST /password/twoFactorRecoveryCodes, GET /password/twoFactor',
      proof: rest('its state, and new recovery codes for a code'),
      off: { file: ROUTES, from: "'/password/twoFactorRecoveryCodes'", to: "'/password/newRecoveryCodes'" },
    },
  ],
}
