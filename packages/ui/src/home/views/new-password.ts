import { html } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { password } from '../accounts.ts'
import { passwordField, submitButton, isTooShort, passwordHint, tooShort } from '../fields.ts'
import { View } from '../view.ts'

/** Where reset and invitation links lead. */
export class NewPassword extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    token: {},
    isInvitation: { type: Boolean },
    passwordMinLength: { type: Number },
    onChanged: { attribute: false },
  }
  declare token: string
  declare isInvitation: boolean
  declare passwordMinLength: number
  declare onChanged: () => void

  constructor() {
    super()
    this.token = ''
    this.isInvitation = false
    this.passwordMinLength = 8
    this.onChanged = () => {}
  }

  protected override render(): TemplateResult {
    return this.problem?.code?.startsWith('ResetPasswordLink') ? this.#spent(this.problem.text) : this.#form()
  }

  #form(): TemplateResult {
    return html`
      <h1 tabindex="-1">${this.isInvitation ? 'Welcome' : 'Choose a new password'}</h1>
      <p class="lead">
        ${
          this.isInvitation
            ? 'An account was made for you. Choose a password, and it is yours.'
            : 'Every device that is signed in now will be signed out.'
        }
      </p>
      <form @submit=${this.#submit} novalidate>
        ${passwordField({
          name: 'newPassword',
          label: this.isInvitation ? 'Password' : 'New password',
          autocomplete: 'new-password',
          hint: passwordHint(this.passwordMinLength),
          problem: this.problemOf('newPassword'),
        })}
        <div class="actions">${submitButton(this.isInvitation ? 'Set my password' : 'Change my password', this.busy === 'main')}</div>
        ${this.notice('newPassword')}
      </form>
    `
  }

  #spent(why: string): TemplateResult {
    return html`
      <h1 tabindex="-1">This link is spent</h1>
      <p class="lead" role="alert">${why} A new one is quickly sent.</p>
      <div class="actions"><a class="button primary" href="/#/forgot-password">Ask for a new link</a></div>
    `
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const secret = this.entered('newPassword')
    if (isTooShort(secret, this.passwordMinLength)) {
      return void this.refuse({ text: tooShort(this.passwordMinLength), field: 'newPassword' })
    }
    void this.attempt(async () => {
      await password.resetPassword(this.token, secret)
      this.onChanged()
    })
  }
}
