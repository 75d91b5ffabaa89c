/** `/dev/mailbox` and `/dev/mailbox.json`: mail that was caught instead of sent. Development only, and only for this machine. */
import type { Mailbox } from '../mail/mailbox.ts'
import { mayOpenDev } from './dev-gate.ts'
import { MAILBOX_POLICY, MAIL_POLICY, pageHeaders } from './headers.ts'
import { MAILBOX_SCRIPT, MAILBOX_STYLE } from './mailbox-assets.ts'
import { mailboxPage, mailPage } from './mailbox-page.ts'
import { isRead, methodNotAllowed } from './page.ts'
import type { PageReply, PageRequest, Pages } from './page.ts'

/**
 * The pages under `/dev`. In production there are none: every path below answers 404.
 * @param mailbox null when mail is really sent
 */
export function devPages(mailbox: Mailbox | null, production: boolean): Pages {
  return async request => {
    if (request.path !== '/dev' && !request.path.startsWith('/dev/')) return null
    if (production) return { ...plain(404, 'Not found\n'), headers: { ...pageHeaders(true), 'content-type': 'text/plain; charset=utf-8' } }
    if (!mayOpenDev(request)) return plain(403, 'These pages open only on the machine itself, at a localhost address.\n')
    if (!isRead(request.method)) return methodNotAllowed()
    if (mailbox === null) return plain(404, 'Mail is sent through SMTP_URL, so there is no mailbox here.\n')
    return (await show(mailbox, request)) ?? plain(404, 'Not found\n')
  }
}

async function show(mailbox: Mailbox, { path }: PageRequest): Promise<PageReply | null> {
  switch (path) {
    case '/dev':
    case '/dev/':
      return { status: 302, headers: { ...pageHeaders(false), location: '/dev/mailbox' }, body: '' }
    case '/dev/mailbox':
    case '/dev/mailbox/':
      return reply('text/html', mailboxPage(await mailbox.list()), MAILBOX_POLICY)
    case '/dev/mailbox.json':
      return reply('application/json', JSON.stringify(await mailbox.list(), null, 2))
    case '/dev/mailbox.css':
      return reply('text/css', MAILBOX_STYLE)
    case '/dev/mailbox.js':
      return reply('text/javascript', MAILBOX_SCRIPT)
    default:
      return showMail(mailbox, path)
  }
}

async function showMail(mailbox: Mailbox, path: string): Promise<PageReply | null> {
  const number = /^\/dev\/mailbox\/(\d{1,6})\.html$/.exec(path)?.[1]
  const mail = number === undefined ? undefined : (await mailbox.list())[Number(number)]
  return mail === undefined ? null : reply('text/html', mailPage(mail), MAIL_POLICY)
}

const reply = (type: string, body: string, contentPolicy?: string): PageReply => ({
  status: 200,
  headers: { ...pageHeaders(false, contentPolicy), 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' },
  body,
})

const plain = (status: number, body: string): PageReply => ({ ...reply('text/plain', body), status })
