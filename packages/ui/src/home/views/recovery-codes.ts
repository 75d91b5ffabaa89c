import { html } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { View } from '../view.ts'

/** The codes for who has lost the phone, shown this once. */
export class RecoveryCodes extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    codes: { attribute: false },
    account: {},
    onKept: { attribute: false },
  }
  declare codes: readonly string[]
  /** Whose they are, for the file. */
  declare account: string
  declare onKept: () => void

  constructor() {
    super()
    this.codes = []
    this.account = ''
    this.onKept = () => {}
  }

  override firstUpdated(): void {
    this.querySelector<HTMLElement>('h3')?.focus()
  }

  protected override render(): TemplateResult {
    return html`
      <div class="card">
        <h3 tabindex="-1">Keep these recovery codes</h3>
        <p>
          Each signs you in once when your phone is not at hand. Print them, or put them where you keep your passwords.
          <strong>They are not shown again.</strong>
        </p>
        <ol class="codes">
          ${this.codes.map(code => html`<li><code>${code}</code></li>`)}
        </ol>
        <div class="actions">
          <button type="button" class="secondary" @click=${this.#copy}>Copy</button>
          <button type="button" class="secondary" @click=${this.#download}>Download</button>
          <button type="button" class="primary" @click=${this.#kept}>I have kept them</button>
        </div>
        ${this.notice()} ${this.news()}
      </div>
    `
  }

  readonly #copy = (): void => {
    void this.attempt(async () => {
      // Without https, on another machine than one's own, browsers lend no clipboard.
      if (!globalThis.isSecureContext)
        return this.refuse({ text: 'This browser does not let the page copy. Select the codes, or download them.' })
      await navigator.clipboard.writeText(this.codes.join('\n'))
      this.done = 'Copied.'
    })
  }

  readonly #download = (): void => {
    const text = [`Recovery codes of ${this.account} at ${location.host}`, 'Each works once.', '', ...this.codes, ''].join('\r\n')
    const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
    const link = document.createElement('a')
    link.href = address
    link.download = 'recovery-codes.txt'
    link.click()
    // The browser has read it once the click is through.
    setTimeout(() => URL.revokeObjectURL(address), 1000)
    this.done = 'Saved as recovery-codes.txt.'
  }

  readonly #kept = (): void => this.onKept()
}
