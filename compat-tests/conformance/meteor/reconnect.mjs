const TEST = 'e2e/meteor-reconnect.test.ts'
const SIDE = 'packages/client/src/meteor/ddp-side.ts'

/** @type {import('../row.d.ts').MeteorChapter} */
export const reconnect = {
  title: 'Reconnect',
  rows: [
    {
      number: 66,
      item: 'Of two users who signed in one after the other, the second one comes back',
      proof: { file: TEST, title: 'who signed in last is who comes back' },
      off: [
        { file: SIDE, from: 'this.#parts\n    this.#afterReconnect?.stop()', to: 'this.#parts\n    if (this.#afterReconnect) return' },
        { file: SIDE, from: 'store.read() ?? { token: login.token', to: '{ token: login.token' },
      ],
    },
    {
      number: 67,
      item: 'After a login that failed, the user who was signed in before comes back, on the server and on the client',
      proof: { file: TEST, title: 'after a login that failed, the one before it comes back' },
      off: {
        file: SIDE,
        from: 'if (error || !isLogin(result)) return',
        to: 'if (error) this.#afterReconnect?.stop()\n      if (error || !isLogin(result)) return',
      },
    },
    {
      number: 68,
      item: 'The connection’s own `onReconnect` is not replaced, and is called once for each return',
      proof: { file: TEST, title: 'the connection’s own onReconnect stays the app’s, and is called once for each return' },
      off: { file: SIDE, from: 'this.#afterReconnect = connection.addReconnectStep(() => {', to: 'connection.onReconnect = (() => {' },
    },
    {
      number: 69,
      item: 'There is one step that signs in again, before and after coming back',
      proof: { file: TEST, title: 'there is one step that signs in again, before and after returning' },
      off: { file: SIDE, from: 'this.#parts\n    this.#afterReconnect?.stop()', to: 'this.#parts' },
    },
    {
      number: 70,
      item: 'A method that is called while the connection is away runs afterwards, with the user signed in again',
      proof: { file: TEST, title: 'a method that is called while the connection is away runs with the user signed in again' },
      off: {
        file: 'packages/client/src/ddp/methods.ts',
        from: 'const methods = this.#stepping ? this.#first : this.#queue',
        to: 'const methods = this.#queue',
      },
    },
  ],
}
