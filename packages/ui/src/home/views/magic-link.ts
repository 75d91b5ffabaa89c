import { html } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { magicLink } from '../accounts.ts'
import { submitButton } from '../fields.ts'
import { View } from '../view.ts'

/** Where a link to sign in leads. Opening it does nothing yet: mail scanners open links too, people press buttons. */
export class MagicLink extends View {
  static override properties: PropertyDeclarations = { ...View.properties, token: {}, onSignedIn: { attribute: false } }
  declare token: string
  declare onSignedIn: () => void

  constructor() {
    super()
    this.token = ''
    this.onSignedIn = () => {}
  }

  protected override render(): TemplateResult {
    return this.problem?.code === 'LoginTokenExpired' ? this.#spent(this.problem.text) : this.#form()
  }

  #form(): TemplateResult {
    return html`
      <h1 tabindex="-1">Sign in</h1>
      <p class="lead">One press of the button, and you are in.</p>
      <form @submit=${this.#submit} novalidate>
        <div class="actions">${submitButton('Sign in', this.busy === 'main')}</div>
        ${this.notice()}
      </form>
    `
  }

  #spent(why: string): TemplateResult {
    return html`
      <h1 tabindex="-1">This link is spent</h1>
      <p class="lead" role="alert">${why} Only the newest link works, and it works once.</p>
      <div class="actions"><a class="button primary" href="/#/email-link">Email me another link</a> <a href="/">Go to sign-in</a></div>
    `
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void this.attempt(async () => {
      await magicLink.login({ token: this.token })
      this.onSignedIn()
    })
  }
}
