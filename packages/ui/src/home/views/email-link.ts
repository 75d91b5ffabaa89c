import { html } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { magicLink } from '../accounts.ts'
import { field, submitButton } from '../fields.ts'
import { View } from '../view.ts'

/** Asking for a link that signs in. */
export class EmailLink extends View {
  static override properties: PropertyDeclarations = { ...View.properties, onSent: { attribute: false } }
  /** Told the address a message is on its way to. */
  declare onSent: (email: string) => void

  constructor() {
    super()
    this.onSent = () => {}
  }

  protected override render(): TemplateResult {
    return html`
      <h1 tabindex="-1">Sign in with a link</h1>
      <p class="lead">Tell us your e-mail address, and we send you a link that signs you in. No password needed.</p>
      <form @submit=${this.#submit} novalidate>
        ${field({ name: 'email', label: 'E-mail', type: 'email', autocomplete: 'username', problem: this.problemOf('email') })}
        <div class="actions">${submitButton('Email me a sign-in link', this.busy === 'main')}</div>
        ${this.notice('email')}
      </form>
      <p class="aside">Rather use your password? <a href="/#/">Sign in</a></p>
    `
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const email = this.entered('email').trim()
    if (!email) return void this.refuse({ text: 'Enter your e-mail address.', field: 'email' })
    void this.attempt(async () => {
      await magicLink.requestMagicLinkEmail(email)
      this.onSent(email)
    })
  }
}
