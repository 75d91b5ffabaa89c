/** How our own mails look: one short letter, once as text and once as HTML that reads well in light and dark, without images or anything remote. */

/** What a letter says. */
export interface Letter {
  subject: string
  /** To greet by; undefined greets nobody in particular. */
  name: string | undefined
  paragraphs: string[]
  /** The one thing to press. Its address stands below it in clear. */
  button?: { label: string; url: string }
  /** Small print below. */
  notes: string[]
  /** Who writes: the host of the site. */
  site: string
}

/** HTML that was written here, as opposed to a text that must be escaped. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

/**
 * Makes HTML from a template literal. Whatever is put in is escaped, unless it was made by this tag itself.
 * @example
 * html`<p>Hello ${'<Ada>'}</p>`.toString() // <p>Hello &lt;Ada&gt;</p>
 */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[])[]): Html {
  const filled = parts.map((part, index) => part + (index < values.length ? htmlOf(values[index] ?? '') : ''))
  return new Html(filled.join(''))
}

/** The letter for readers of plain text. */
export function toText({ name, paragraphs, button, notes, site }: Letter): string {
  return (
    [greeting(name), ...paragraphs, ...(button ? [`${button.label}:\n${button.url}`] : []), ...notes, `-- \n${site}`].join('\n\n') + '\n'
  )
}

/** The letter for everybody else. */
export function toHtml({ subject, name, paragraphs, button, notes, site }: Letter): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <title>${subject}</title>
        <style>
          :root {
            color-scheme: light dark;
          }
          @media (prefers-color-scheme: dark) {
            .page {
              background: #16181d !important;
            }
            .card {
              background: #20242c !important;
              border-color: #363c48 !important;
            }
            .words {
              color: #eceef2 !important;
            }
            .small {
              color: #a9b0bd !important;
            }
            .link {
              color: #8fd6b4 !important;
            }
            .button {
              background: #8fd6b4 !important;
              color: #0d3027 !important;
            }
          }
        </style>
      </head>
      <body class="page" style="margin:0;padding:24px 12px;background:#f4f5f7">
        <div
          class="card words"
          style="max-width:480px;margin:0 auto;padding:32px;background:#ffffff;border:1px solid #e1e4e8;border-radius:12px;
font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#1d2129"
        >
          <p style="margin:0 0 16px">${greeting(name)}</p>
          ${paragraphs.map(words => html`<p style="margin:0 0 16px">${words}</p> `)}${button ? pressable(button) : ''}
          ${notes.map(note => html`<p class="small" style="margin:16px 0 0;font-size:14px;color:#5c6370">${note}</p> `)}
        </div>
        <p class="small" style="margin:16px auto 0;max-width:480px;text-align:center;font:13px/1.5 system-ui,sans-serif;color:#5c6370">
          ${site}
        </p>
      </body>
    </html> `.toString()
}

const greeting = (name: string | undefined): string => (name === undefined ? 'Hello,' : `Hello ${name},`)

const pressable = ({ label, url }: { label: string; url: string }): Html =>
  html`<p style="margin:24px 0">
      <a
        class="button"
        href="${url}"
        style="display:inline-block;padding:12px 24px;background:#17453a;color:#ffffff;border-radius:8px;font-weight:600;text-decoration:none"
        >${label}</a
      >
    </p>
    <p class="small" style="margin:0;font-size:14px;color:#5c6370">
      Or open this address in your browser:<br />
      <a class="link" href="${url}" style="color:#17453a;word-break:break-all">${url}</a>
    </p>`

function htmlOf(value: string | Html | readonly Html[]): string {
  if (value instanceof Html) return value.text
  return typeof value === 'string' ? escape(value) : value.map(each => each.text).join('')
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const escape = (text: string): string => text.replace(/[&<>"']/g, character => ESCAPES[character] ?? '')
