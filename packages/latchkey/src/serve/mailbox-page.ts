/** The mailbox as a page. Everything in it came from somebody's keyboard, so everything is escaped. */
import type { CaughtMail } from '../mail/mailbox.ts'
import { escapeHtml } from './page.ts'

/** Older mails are in the file still, and in the JSON. */
const SHOWN = 50

/** The list of mails, newest first, the newest one open. */
export function mailboxPage(mails: readonly CaughtMail[]): string {
  const shown = mails
    .map((mail, index) => ({ mail, index }))
    .toReversed()
    .slice(0, SHOWN)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mailbox (${mails.length}) · Latchkey</title>
<link rel="stylesheet" href="/dev/mailbox.css">
<link rel="icon" href="data:,">
<script src="/dev/mailbox.js" defer></script>
</head>
<body data-count="${mails.length}">
<header>
<h1>Mailbox</h1>
<p>Mail this server would have sent. Nothing has left this machine. <a href="/dev/mailbox.json">JSON</a> · <a href="/">Home page</a></p>
</header>
<main>
${shown.length === 0 ? EMPTY : shown.map(({ mail, index }, place) => article(mail, index, place === 0)).join('\n')}
</main>
</body>
</html>
`
}

const EMPTY = `<p class="empty">No mail yet. Create an account on the <a href="/">home page</a>, and the confirmation will appear here.</p>`

function article(mail: CaughtMail, index: number, isOpen: boolean): string {
  const frame =
    mail.html === ''
      ? ''
      : `<iframe title="The mail as its reader sees it" src="/dev/mailbox/${index}.html" sandbox="allow-popups allow-popups-to-escape-sandbox" loading="lazy"></iframe>`
  return `<details class="mail"${isOpen ? ' open' : ''}>
<summary><span class="subject">${escapeHtml(mail.subject)}</span><span class="to">${escapeHtml(mail.to)}</span><time datetime="${escapeHtml(mail.date)}">${escapeHtml(clock(mail.date))}</time></summary>
<div class="body">
<p class="from">From ${escapeHtml(mail.from)}</p>
${linksOf(mail.text).map(link).join('\n')}
${frame}
<details class="text"${mail.html === '' ? ' open' : ''}><summary>Plain text</summary><pre>${linked(mail.text)}</pre></details>
</div>
</details>`
}

/** One mail's own HTML, for a sandboxed frame; its links open in a new tab. */
export function mailPage(mail: CaughtMail): string {
  return `<base target="_blank">${mail.html}`
}

const ADDRESS = /https?:\/\/[^\s<>"']+/g

const linksOf = (text: string): string[] => [...new Set(text.match(ADDRESS) ?? [])].filter(address => URL.canParse(address))

const link = (address: string): string =>
  `<p class="go"><a class="button" href="${escapeHtml(address)}">Open the link</a> <code>${escapeHtml(shortened(address))}</code></p>`

/** A token is long; its beginning tells mails apart well enough. */
const shortened = (address: string): string => (address.length > 64 ? `${address.slice(0, 60)}…` : address)

/** Plain text with its links clickable. */
function linked(text: string): string {
  let html = ''
  let end = 0
  for (const match of text.matchAll(ADDRESS)) {
    const address = escapeHtml(match[0])
    html += `${escapeHtml(text.slice(end, match.index))}<a href="${address}">${address}</a>`
    end = match.index + match[0].length
  }
  return html + escapeHtml(text.slice(end))
}

/** `14:05:31`, UTC unless the script turns it into the reader's own time. */
const clock = (date: string): string => `${date.slice(11, 19)} UTC`
