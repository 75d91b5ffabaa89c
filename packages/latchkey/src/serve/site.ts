/** What this server shows beside the API: the home page and, in development, the mailbox. */
import type { Config } from '../config/table.ts'
import type { Mailbox } from '../mail/mailbox.ts'
import { devPages } from './dev-pages.ts'
import { homePages } from './home-pages.ts'
import type { Pages } from './page.ts'

/** The pages of a site; the mailbox comes as soon as there is one. */
export interface Site {
  show: Pages
  showMailbox(mailbox: Mailbox | null): void
}

export function sitePages({ production }: Pick<Config, 'production'>): Site {
  // Loaded with the first visitor, not at start.
  const home = homePages(async () => (await import('@latchkey/ui')).homeFolder(), production)
  let dev = devPages(null, production)
  return {
    show: async request => (await dev(request)) ?? home(request),
    showMailbox(mailbox) {
      dev = devPages(mailbox, production)
    },
  }
}
