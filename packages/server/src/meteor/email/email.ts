import { subscribe } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { EmailOptions, EmailSettings } from './options.ts'
import { transportOf } from './transport.ts'
import type { EmailTransport } from './transport.ts'

/** Where mail goes. */
export interface EmailParts {
  /** `smtp://user:password@host:587`, or `service://user:password@` for a service that nodemailer knows. */
  url?: string | undefined
  /** Goes before `url`, as far as it names a service. */
  settings?: EmailSettings
  production: boolean
  /** Where a mail is shown when it is sent nowhere. */
  print: (text: string) => void
}

/** What an app may put in the place of sending. Handed the mail, and with it the settings of the mail server. */
export type CustomTransport = (options: EmailOptions & { packageSettings: EmailSettings }) => unknown

/** Meteor's `Email`. */
export class Email {
  /** Sends in the place of the mail server, when it is set. */
  customTransport: CustomTransport | undefined
  readonly #partsOf: () => EmailParts
  readonly #hooks = new Set<(options: EmailOptions) => unknown>()
  #started: { parts: EmailParts; transport: EmailTransport | undefined } | undefined
  #shown = 0

  /** @param parts asked with the first mail, so that settings may come until then */
  constructor(parts: () => EmailParts) {
    this.#partsOf = parts
  }

  /** Adds a hook that is asked about each mail, in the order they came. One that answers something falsy keeps it from being sent; later ones are not asked. */
  hookSend(hook: (options: EmailOptions) => unknown): Stop {
    return subscribe(this.#hooks, options => hook(options))
  }

  /**
   * Sends a mail. Outside production, where nothing says where to, it is shown instead.
   * @throws Error when it could not be sent, and in production when nothing says where to
   */
  async sendAsync(options: EmailOptions): Promise<void> {
    for (const hook of this.#hooks) if (!(await hook(options))) return
    const { parts, transport } = this.#start()
    const { settings = {}, production } = parts
    if (this.customTransport) return void (await this.customTransport({ ...options, packageSettings: settings }))
    if (transport) return transport.send(options)
    if (production) throw new Error('No mail can be sent: set MAIL_URL, or the settings packages.email, or Email.customTransport')
    parts.print(this.#shownAs(options))
  }

  #start(): { parts: EmailParts; transport: EmailTransport | undefined } {
    if (!this.#started) {
      const parts = this.#partsOf()
      this.#started = { parts, transport: transportOf(parts.url, parts.settings) }
    }
    return this.#started
  }

  #shownAs(options: EmailOptions): string {
    const mark = `MAIL #${this.#shown}`
    this.#shown += 1
    const { headers = {}, text = '', html } = options
    const lines = [
      `====== BEGIN ${mark} ======`,
      '(Mail not sent; to enable sending, set the MAIL_URL environment variable.)',
      ...SHOWN.flatMap(([name, field]) => (options[field] === undefined ? [] : [`${name}: ${String(options[field])}`])),
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      '',
      ...(text === '' ? [] : [text]),
      ...(html === undefined ? [] : [html]),
      `====== END ${mark} ======`,
      '',
    ]
    return lines.join('\n')
  }
}

const SHOWN = [
  ['From', 'from'],
  ['To', 'to'],
  ['Cc', 'cc'],
  ['Bcc', 'bcc'],
  ['Reply-To', 'replyTo'],
  ['In-Reply-To', 'inReplyTo'],
  ['References', 'references'],
  ['Message-ID', 'messageId'],
  ['Subject', 'subject'],
] as const satisfies readonly (readonly [string, keyof EmailOptions])[]
