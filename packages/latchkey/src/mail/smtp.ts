/** Mail through a mail server. nodemailer is loaded with the first mail. */
import type { Mail } from '@latchkey/server'
import { readMailboxAddress } from './mailbox-address.ts'

/** Sends mail, and lets go of its connections at the end. */
export interface MailSender {
  send: (mail: Mail) => Promise<void>
  /** Signs in to the mail server without sending anything. Throws why it cannot. */
  verify: () => Promise<void>
  close: () => Promise<void>
}

/** Bounds every step: a mail server that hangs must not hold mails back for longer than the outbox waits. */
const TIMEOUTS = { dnsTimeout: 10_000, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }

/** A sender for `smtp://…` or `smtps://…`. Connections are kept open and reused. */
export function smtpSender(url: string): MailSender {
  let connected: ReturnType<typeof connect> | undefined
  const transport = (): ReturnType<typeof connect> => (connected ??= connect(url))
  return {
    async send({ from, to, subject, text, html }) {
      await (
        await transport()
      ).sendMail({
        // One recipient, never a text for nodemailer to parse: in a text, a comma or line break would add recipients.
        from: readMailboxAddress(from) ?? refuseAddress('sender'),
        to: { name: '', address: hasLineBreak(to) ? refuseAddress('recipient') : to },
        subject,
        text,
        ...(html === undefined ? {} : { html }),
        // Tells vacation responders to stay quiet (RFC 3834).
        headers: { 'Auto-Submitted': 'auto-generated' },
        disableFileAccess: true,
        disableUrlAccess: true,
      })
    },
    async verify() {
      await (await transport()).verify()
    },
    async close() {
      if (connected) (await connected).close()
    },
  }
}

async function connect(url: string) {
  const { createTransport } = await import('nodemailer')
  return createTransport({ url, pool: true, maxConnections: 4, ...TIMEOUTS })
}

const hasLineBreak = (address: string): boolean => /\p{Cc}/u.test(address)

function refuseAddress(whose: string): never {
  throw new TypeError(`the ${whose} of a mail is not one mail address`)
}
