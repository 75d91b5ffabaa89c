/** What a client has over DDP only: its connection, what is stored, and the links a page is opened with. */
import type { AccountsConfig } from '@latchkey/common/meteor'
import { chooseConnection } from './connect.ts'
import type { AccountsConnection } from './connection.ts'
import { DdpSide } from './ddp-side.ts'
import type { DdpSideParts } from './ddp-side.ts'
import { hashOfPage, Links } from './links.ts'
import { LoginCookie } from './login-cookie.ts'
import { LoginTokenStore } from './login-token-store.ts'
import type { StorageKind } from './login-token-store.ts'
import { PageLoad } from './page-load.ts'
import { runtimeConfig } from './runtime-config.ts'
import { StoredLogin } from './stored-login.ts'

/** Connects at once, signs in by what is stored, and then asks which login services there are. */
export class DdpHalf {
  readonly connection: AccountsConnection
  readonly store: LoginTokenStore
  readonly side: DdpSide
  readonly storedLogin: StoredLogin
  readonly pageLoad: PageLoad = new PageLoad()
  readonly links: Links
  readonly services: ReturnType<AccountsConnection['subscribe']>
  readonly isOfPage: boolean
  readonly #own: boolean
  #cookie: LoginCookie | undefined

  /** @throws TypeError for `connection` and `ddpUrl` together */
  constructor(given: { connection?: AccountsConnection; ddpUrl?: string }, parts: Omit<DdpSideParts, 'connection' | 'store'>) {
    const { connection, suffix, own, isOfPage } = chooseConnection(given)
    this.#own = own
    this.isOfPage = isOfPage
    this.connection = connection
    this.store = new LoginTokenStore(storageKind(parts.options()), suffix)
    this.side = new DdpSide({ ...parts, connection, store: this.store })
    const { store, side, pageLoad } = this
    this.storedLogin = new StoredLogin({ store, side, pageLoad, options: parts.options })
    this.links = new Links(hashOfPage(), this.storedLogin)
    // The login first: what is subscribed to after it is sent once, to the right user
    if (parts.options().useHttpOnlyCookies) this.#useCookie()
    this.storedLogin.start()
    this.services = connection.subscribe('meteor.loginServiceConfiguration')
  }

  /** After the options have changed. */
  useOptions(options: AccountsConfig): void {
    if (options.useHttpOnlyCookies) this.#useCookie()
    else if (!this.#cookie) this.store.use(storageKind(options))
  }

  /** Once on, it stays on: a token that a script had is not put where no script gets it by a page that goes back and forth. */
  #useCookie(): void {
    if (this.#cookie) return
    const cookie = new LoginCookie(this.connection._stream.rawUrl)
    this.#cookie = cookie
    this.store.hand(cookie)
    if (!this.store.read()) this.storedLogin.startWith(cookie)
  }

  close(): void {
    this.storedLogin.close()
    this.side.close()
    this.services.stop()
    if (this.#own) this.connection.close()
  }
}

/** In the tab's storage when the app or the page's settings say so; else where other tabs find it too. */
function storageKind({ clientStorage }: AccountsConfig): StorageKind {
  const said = clientStorage ?? runtimeConfig().PUBLIC_SETTINGS?.packages?.accounts?.clientStorage
  return said === 'session' || said === true ? 'session' : 'local'
}
