import { html, nothing } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { magicLink, password } from '../accounts.ts'
import { hasMailbox, MAILBOX } from '../mailbox.ts'
import { View } from '../view.ts'

/** A message that is on its way. */
export interface Sent {
  email: string
  about: 'verification' | 'password' | 'sign-in'
}

const WHAT_THEN: Record<Sent['about'], string> = {
  verification: 'Open the link in it to confirm that the address is yours.',
  password: 'If the address has an account here, the link in it lets you choose a new password.',
  'sign-in': 'If the address has an account here, the link in it signs you in.',
}

/** Sends the same again. */
const SEND: Record<Sent['about'], (email: string) => Promise<void>> = {
  verification: email => password.requestVerificationEmail(email),
  password: email => password.requestPasswordReset(email),
  'sign-in': email => magicLink.requestMagicLinkEmail(email),
}

/** What to do now that a message is on its way. Says the same whether or not the address is known. */
export class CheckMail extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    sent: { attribute: false },
    onBack: { attribute: false },
    mailbox: { state: true },
  }
  declare sent: Sent
  declare onBack: () => void
  declare private mailbox: boolean

  constructor() {
    super()
    this.sent = { email: '', about: 'verification' }
    this.onBack = () => {}
    this.mailbox = false
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#look()
  }

  protected override render(): TemplateResult {
    const isNew = this.sent.about === 'verification'
    return html`
      <h1 tabindex="-1">Check your mail</h1>
      <p class="lead">A message to <strong class="address">${this.sent.email}</strong> is on its way. ${WHAT_THEN[this.sent.about]}</p>
      <div class="actions">
        ${this.mailbox ? html`<a class="button primary" href=${MAILBOX}>Open the mailbox</a>` : nothing}
        <button type="button" class=${this.mailbox ? 'secondary' : 'primary'} @click=${this.onBack}>
          ${isNew ? 'Go to sign-in' : 'Back to sign-in'}
        </button>
      </div>
      ${this.mailbox ? html`<p class="fine">This is a development server: it keeps its mail for you instead of sending it.</p>` : nothing}
      <p class="aside">
        Nothing there? Look into the spam folder, or
        <button type="button" class="link" aria-disabled=${this.busy ? 'true' : 'false'} @click=${this.#again}>send it again</button>.
      </p>
      ${this.notice()} ${this.news()}
    `
  }

  readonly #again = (): void => {
    const { email, about } = this.sent
    void this.attempt(async () => {
      await SEND[about](email)
      this.done = 'On its way again.'
    })
  }

  async #look(): Promise<void> {
    this.mailbox = await hasMailbox()
  }
}
