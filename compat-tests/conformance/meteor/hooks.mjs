const TEST = 'packages/server/src/meteor/login-hooks.test.ts'
const HOOKS = 'packages/server/src/meteor/login-hooks.ts'

/** @type {import('../row.d.ts').MeteorChapter} */
export const hooks = {
  title: 'Hooks',
  rows: [
    {
      number: 28,
      item: 'In `validateLoginAttempt` nobody is signed in yet, while the first login of a connection is tried',
      proof: { file: TEST, title: 'see nobody signed in while the first login of a connection is validated' },
      off: { file: HOOKS, from: 'await as(whoBefore(attempt), () => callback(', to: 'await as(attempt.user?.id ?? null, () => callback(' },
    },
    {
      number: 29,
      item: 'While a further login of the connection is tried, whoever is signed in is',
      proof: { file: TEST, title: 'see who was signed in while a further login of the connection is validated' },
      off: { file: HOOKS, from: 'await as(whoBefore(attempt), () => callback(', to: 'await as(null, () => callback(' },
    },
    {
      number: 30,
      item: 'In `onLogin` the new user is signed in',
      proof: { file: TEST, title: 'see the new user in onLogin' },
      off: {
        file: HOOKS,
        from: 'this.#tell(this.#login, attempt, attempt.user.id)',
        to: 'this.#tell(this.#login, attempt, whoBefore(attempt))',
      },
    },
    {
      number: 31,
      item: 'In `onLoginFailure` whoever was signed in still is, and the login is refused with 403',
      proof: { file: TEST, title: 'see who is still signed in in onLoginFailure, and the login is refused with 403' },
      off: { file: HOOKS, from: 'this.#tell(this.#failure, attempt, whoBefore(attempt))', to: 'this.#tell(this.#failure, attempt, null)' },
    },
    {
      number: 32,
      item: '`onLogout` is told the user and the connection',
      proof: { file: TEST, title: 'are told of a logout with its user, its connection and the collection' },
      off: { file: HOOKS, from: 'const connection = currentInvocation()?.connection ?? null', to: 'const connection = null' },
    },
    {
      number: 33,
      item: 'Each of them hands back a `stop()` that works',
      proof: { file: TEST, title: 'are not called any more once they were stopped' },
      off: { file: 'packages/common/src/hooks.ts', from: 'stopOf(() => listeners.delete(listener))', to: 'stopOf(() => {})' },
    },
    {
      number: 34,
      item: 'Users in hooks lack the fields that `defaultFieldSelector` leaves out',
      proof: { file: TEST, title: 'do not see fields that defaultFieldSelector leaves out' },
      off: {
        file: HOOKS,
        from: 'project(toMeteorUser(settings.face, user, credentials), this.#manner.selector())',
        to: 'toMeteorUser(settings.face, user, credentials)',
      },
    },
    {
      number: 35,
      item: 'Where nobody knows whose login it was, `attempt.user` is undefined',
      proof: { file: TEST, title: 'are told of no user when it is not known whose account it is about' },
      off: { file: HOOKS, from: '...(user ? { user: user() } : {}),', to: "user: user ? user() : { _id: '' }," },
    },
    {
      number: 36,
      item: 'A validator that answers false refuses with 403',
      proof: { file: TEST, title: 'refuse with 403 by answering false, and the failure is told with the user' },
      off: { file: HOOKS, from: 'if (welcome) continue', to: 'if (welcome !== undefined) continue' },
      also: [
        {
          item: 'the hook about the failure is told the user all the same',
          proof: { file: TEST, title: 'refuse with 403 by answering false, and the failure is told with the user' },
          off: { file: 'packages/server/src/core/flows/login.ts', from: '    moment.user = user\n', to: '' },
        },
      ],
    },
  ],
}
