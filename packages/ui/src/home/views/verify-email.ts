import { html, nothing } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { password } from '../accounts.ts'
import { submitButton } from '../fields.ts'
import { View } from '../view.ts'

/** Where a verification link leads. Opening it does nothing yet: mail scanners open links too, people press buttons. */
export class VerifyEmail extends View {
  static override properties: PropertyDeclarations = { ...View.properties, token: {}, onVerified: { attribute: false } }
  declare token: string
  declare onVerified: () => void

  constructor() {
    super()
    this.token = ''
    this.onVerified = () => {}
  }

  protected override render(): TemplateResult {
    const isSpent = this.problem?.code?.startsWith('VerifyEmailLink') ?? false
    return html`
      <h1 tabindex="-1">Confirm your address</h1>
      <p class="lead">One press of the button, and we know that this address is yours.</p>
      <form @submit=${this.#submit} novalidate>
        ${this.notice()} ${isSpent ? html`<p>If the address is not confirmed yet, your account page can send you a new link.</p>` : nothing}
        <div class="actions">
          ${isSpent ? html`<a class="button primary" href="/">Go to your account</a>` : submitButton('Confirm my address', this.busy === 'main')}
        </div>
        ${this.notice()}
      </form>
    `
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void this.attempt(async () => {
      await password.verifyEmail(this.token)
      this.onVerified()
    })
  }
}
