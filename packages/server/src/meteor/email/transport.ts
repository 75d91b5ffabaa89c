/** Mail through a mail server: an address, or a service whose address nodemailer knows. nodemailer is loaded with the first mail. */
import type * as Nodemailer from 'nodemailer'
import type { EmailOptions, EmailSettings } from './options.ts'

/** Sends mail to one mail server. */
export interface EmailTransport {
  send(options: EmailOptions): Promise<void>
}

/** Bounds every step: a mail server that hangs must not hold up whoever waits for the mail. */
const TIMEOUTS = { dnsTimeout: 10_000, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }

/** Undefined when nothing says where mail goes. */
export function transportOf(url: string | undefined, settings: EmailSettings = {}): EmailTransport | undefined {
  if (!settings.service && !url) return undefined
  let connected: ReturnType<typeof connect> | undefined
  return {
    async send(options) {
      const transport = await (connected ??= connect(url, settings).catch((error: unknown) => {
        connected = undefined
        throw error
      }))
      await transport.sendMail(messageOf(options))
    },
  }
}

/** Where a service that is known by name has its mail server. Undefined: nobody knows it. */
export async function knownServer(service: string): Promise<{ host: string; port: number; secure: boolean } | undefined> {
  const { default: wellKnown } = await import('nodemailer/lib/well-known')
  const found = wellKnown(service)
  // Those on the default port for mail from apps say nothing of it (RFC 6409).
  return found && found.host ? { host: found.host, port: Number(found.port ?? 587), secure: found.secure ?? false } : undefined
}

async function connect(url: string | undefined, { service, user, password }: EmailSettings) {
  const { createTransport } = await loadDriver()
  if (service) {
    const server = await serverOf(service)
    return createTransport({ ...server, pool: true, ...TIMEOUTS, auth: { user: user ?? '', pass: password ?? '' } })
  }
  // A service by name needs no host, which a URL with a user does.
  const address = new URL(url?.endsWith('@') ? `${url}service` : (url ?? ''))
  if (/^smtps?:$/.test(address.protocol)) {
    if (!address.searchParams.has('pool')) address.searchParams.set('pool', 'true')
    return createTransport({ url: address.href, ...TIMEOUTS })
  }
  // `mailgun://user:password@`: the scheme names the service.
  const server = await serverOf(address.protocol.slice(0, -1))
  const auth = { user: decodeURIComponent(address.username), pass: decodeURIComponent(address.password) }
  return createTransport({ ...server, pool: true, ...TIMEOUTS, auth })
}

async function serverOf(service: string): Promise<{ host: string; port: number; secure: boolean }> {
  const server = await knownServer(service)
  if (!server) throw new Error(`No mail service is known as "${service}". Write its address: smtp://user:password@host:587`)
  return server
}

async function loadDriver(): Promise<Pick<typeof Nodemailer, 'createTransport'>> {
  try {
    return await import('nodemailer')
  } catch (cause) {
    throw new Error('Sending mail needs the package nodemailer. Run: npm install nodemailer', { cause })
  }
}

function messageOf({ mailComposer, ...fields }: EmailOptions): object {
  if (mailComposer !== undefined) return { raw: rawOf(mailComposer) }
  // Nothing in a mail makes the server read its own files, or fetch addresses for somebody.
  return { ...fields, disableFileAccess: true, disableUrlAccess: true }
}

function rawOf(composer: unknown): unknown {
  if (typeof composer === 'object' && composer !== null && 'compile' in composer && typeof composer.compile === 'function') {
    // nodemailer's own class.
    return (composer as { compile(): { createReadStream(): unknown } }).compile().createReadStream()
  }
  throw new TypeError('mailComposer must be a MailComposer of nodemailer')
}
