import { html } from 'lit'
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
    return this.problem?.code?.startsWith('VerifyEmailLink') ? this.#spent(this.problem.text) : this.#form()
  }

  #form(): TemplateResult {
    return html`
      <h1 tabindex="-1">Confirm your address</h1>
      <p class="lead">One press of the button, and we know that this address is yours.</p>
      <form @submit=${this.#submit} novalidate>
        <div class="actions">${submitButton('Confirm my address', this.busy === 'main')}</div>
        ${this.notice()}
      </form>
    `
  }

  #spent(why: string): TemplateResult {
    return html`
      <h1 tabindex="-1">This link is spent</h1>
      <p class="lead" role="alert">${why} Your account page shows whether the address is confirmed, and sends a new link if it is not.</p>
      <div class="actions"><a class="button primary" href="/">Go to your account</a></div>
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
