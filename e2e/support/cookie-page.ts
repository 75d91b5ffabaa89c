/** The script of a page whose login is in a cookie. */
import { AccountsClient } from '@latchkey/client/meteor'

/** Makes a client, and shows who is signed in. */
export function start(): void {
  globalThis.own = new AccountsClient({ useHttpOnlyCookies: true })
  const show = (): void => {
    document.title = globalThis.own.loggingIn() ? 'busy' : (globalThis.own.user()?.username ?? 'nobody')
  }
  globalThis.own.user.subscribe(show)
  globalThis.own.loggingIn.subscribe(show)
  show()
}
