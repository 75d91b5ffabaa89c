/** What a request for a socket says of its sender. */
import type { IncomingMessage } from 'node:http'
import { accountsOf } from '../../wire/accounts-of.ts'
import type { AccountsLike } from '../../wire/accounts-of.ts'
import { lookAt } from '../../wire/caller.ts'
import { Cookies } from '../../wire/cookies.ts'
import { readLoginCookie } from '../../wire/login-cookie.ts'
import { headerOf } from '../../wire/request.ts'
import { readSiteOptions } from '../../wire/site-options.ts'
import type { SiteOptions, SiteSettings } from '../../wire/site-options.ts'
import type { DdpFacts, DdpServed } from './ddp-served.ts'
import { headOf } from './node-handler.ts'

/** Headers that Meteor hands to `connection.httpHeaders`. */
const SHOWN = [
  'accept-language',
  'dnt',
  'host',
  'referer',
  'user-agent',
  'via',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'x-ssl',
] as const

interface Site {
  readonly server: AccountsLike
  readonly settings: SiteSettings
  readonly cookies: Cookies
}

/** Reads requests by the rules of one site. */
export class Knocks {
  readonly #options: SiteOptions
  readonly #nobodys: SiteSettings
  #site: Site | undefined

  constructor(options: SiteOptions) {
    this.#options = options
    this.#nobodys = readSiteOptions(options, 'http://localhost', 'attachDdp')
  }

  /** The facts for DDP. A browser attaches cookies whatever page opens the socket, so they count only from pages of our own and of listed origins. */
  read(req: IncomingMessage, served: DdpServed): DdpFacts {
    const site = this.#siteOf(served)
    const call = headOf(req)
    const { connection, secure, fromOwnPage } = lookAt(site?.settings ?? this.#nobodys, call)
    const cookie =
      site && fromOwnPage
        ? (site.cookies.read(headerOf(call, 'cookie'), 'session', secure) ?? readLoginCookie(site.server, call))
        : undefined
    const headers = SHOWN.flatMap(name => {
      const value = req.headers[name]
      return value === undefined ? [] : [[name, typeof value === 'string' ? value : value.join(', ')] as const]
    })
    return {
      clientAddress: connection.ip === '' ? null : connection.ip,
      httpHeaders: Object.fromEntries(headers),
      ...(cookie === undefined ? {} : { loginCookie: cookie }),
    }
  }

  /** The accounts may be attached to the DDP server after the sockets are; until then nobody has a cookie. */
  #siteOf({ accountsServer }: DdpServed): Site | undefined {
    if (accountsServer === undefined) return undefined
    if (this.#site?.server !== accountsServer) {
      const settings = readSiteOptions(this.#options, accountsOf(accountsServer).core.settings.siteUrl, 'attachDdp')
      this.#site = { server: accountsServer, settings, cookies: new Cookies(settings) }
    }
    return this.#site
  }
}
