/** Where our server does not say what Meteor was recorded to say, and why. */

/** One frame that is another with us. */
export interface Deviation {
  recording: string
  /** Which client hears it; whoever does, when left out. */
  by?: string
  /** In the frame that was recorded. */
  says: string
  /** What is said in its place; null: nothing. */
  instead: string | null
  /** As `docs/ddp-deviations.md` says it. */
  because: string
}

const result = (id: string, error: number | string, reason: string): string =>
  JSON.stringify({
    msg: 'result',
    id,
    error: { isClientSafe: true, error, reason, message: `${reason} [${error}]`, errorType: 'Meteor.Error' },
  })
const matchFailed = (id: string): string => result(id, 400, 'Match failed')
const silence = (id: string): string => JSON.stringify({ msg: 'result', id })

const SILENT =
  '`forgotPassword` does not tell whether an address is anybody’s, unless `ambiguousErrorMessages` is false. Meteor 3.4.1 came to that too.'
const CLOSED = 'A connection whose session is ended is closed at once. Meteor first showed it what had been changed about the user.'
const NO_PASSWORD = 'What is no password is refused as such, with 400. Meteor failed over it, and said that it had an internal error.'
const TOO_LONG = 'A password of more than 256 characters, or a digest that is none, is refused. Meteor meant to, and did not until 3.4.1.'

const NO_USER_DATA =
  '`requestLoginTokenForUser` without `userData` answers the same for an unknown address as for a known one, unless `ambiguousErrorMessages` is false. Meteor failed over it.'
const NEW_USER = 'Whether `requestLoginTokenForUser` made a user (`isNewUser`) is said only where `ambiguousErrorMessages` is false.'
const PENDING =
  'The error `no-2fa-code` has details, with which the login can be completed without the first proof: `login({ pending, code })`. What a provider vouched for works only once.'

const SELECTOR = { email: '<name1>@ex.com' }
const asked = (id: string, answer: object): string => JSON.stringify({ msg: 'result', id, result: answer })
const GENERIC = 'Something went wrong. Please check your credentials.'
const DUE: string = JSON.stringify({
  msg: 'result',
  id: '1',
  error: {
    isClientSafe: true,
    error: 'no-2fa-code',
    reason: GENERIC,
    details: { pending: '<secret43_9>', factors: ['totp'] },
    message: `${GENERIC} [no-2fa-code]`,
    errorType: 'Meteor.Error',
  },
})

export const DEVIATIONS: readonly Deviation[] = [
  { recording: 'forgot-and-reset-password', says: '"result","id":"2"', instead: silence('2'), because: SILENT },
  { recording: 'forgot-and-reset-password', by: 'a', says: '"changed"', instead: null, because: CLOSED },
  { recording: 'login-errors-ambiguous', by: 'c', says: '"result","id":"2"', instead: matchFailed('2'), because: NO_PASSWORD },
  { recording: 'login-errors-ambiguous', by: 'c', says: '"result","id":"4"', instead: matchFailed('4'), because: NO_PASSWORD },
  { recording: 'password-validator', says: '"result","id":"2"', instead: matchFailed('2'), because: NO_PASSWORD },
  { recording: 'password-validator', says: '"result","id":"3"', instead: matchFailed('3'), because: NO_PASSWORD },
  {
    recording: 'password-validator',
    says: '"result","id":"4"',
    instead: result('4', 400, 'Use at most 256 characters.'),
    because: TOO_LONG,
  },
  { recording: 'password-validator', says: '"result","id":"5"', instead: matchFailed('5'), because: TOO_LONG },
  { recording: 'passwordless', by: 'a', says: '"result","id":"1"', instead: asked('1', { selector: SELECTOR }), because: NO_USER_DATA },
  {
    recording: 'passwordless',
    by: 'a',
    says: '"result","id":"2"',
    instead: asked('2', { selector: SELECTOR, userData: SELECTOR }),
    because: NEW_USER,
  },
  { recording: 'passwordless', by: 'b', says: '"result","id":"2"', instead: asked('2', { selector: SELECTOR }), because: NEW_USER },
  { recording: 'rate-limit-per-connection', says: '"result","id":"8"', instead: silence('8'), because: SILENT },
  { recording: 'two-factor', says: '"no-2fa-code"', instead: DUE, because: PENDING },
]

/** Where the clients of a recording have to say something else for the answers to be the same. */
export const SAID_OTHERWISE: readonly string[] = [
  'A code of an authenticator app works once: the one that enabled the second factor does not sign in as well. It is good for half a minute to either side, and not for five.',
]
