import { AccountsClientError } from '@latchkey/client'
import { html } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { password } from '../accounts.ts'
import { field, passwordField, submitButton, isTooShort, passwordHint, tooShort } from '../fields.ts'
import { View } from '../view.ts'

/** Signing up. */
export class CreateAccount extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    passwordMinLength: { type: Number },
    verificationMail: { type: Boolean },
    onSent: { attribute: false },
    onRefused: { attribute: false },
  }
  declare passwordMinLength: number
  /** Whether a link is mailed. If not, who signs up is signed in at once. */
  declare verificationMail: boolean
  /** Told the address a message is on its way to. */
  declare onSent: (email: string) => void
  /** Told the address that the password just typed does not sign in with. */
  declare onRefused: (email: string) => void

  constructor() {
    super()
    this.passwordMinLength = 8
    this.verificationMail = true
    this.onSent = () => {}
    this.onRefused = () => {}
  }

  protected override render(): TemplateResult {
    return html`
      <h1 tabindex="-1">Create account</h1>
      <form @submit=${this.#submit} novalidate>
        ${field({
          name: 'email',
          label: 'E-mail',
          type: 'email',
          autocomplete: 'username',
          hint: this.verificationMail ? 'We send a link there to confirm it is yours.' : undefined,
          problem: this.problemOf('email'),
        })}
        ${passwordField({
          name: 'password',
          label: 'Password',
          autocomplete: 'new-password',
          hint: passwordHint(this.passwordMinLength),
          problem: this.problemOf('password'),
        })}
        <div class="actions">${submitButton('Create account', this.busy === 'main')}</div>
        ${this.notice('email', 'password')}
      </form>
      <p class="aside">Have an account? <a href="/#/">Sign in</a></p>
    `
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const [email, secret] = [this.entered('email').trim(), this.entered('password')]
    if (!email) return void this.refuse({ text: 'Enter your e-mail address.', field: 'email' })
    if (isTooShort(secret, this.passwordMinLength)) {
      return void this.refuse({ text: tooShort(this.passwordMinLength), field: 'password' })
    }
    void this.attempt(async () => {
      const { loginResult } = await password.createUser({ email, password: secret })
      if (loginResult) return
      if (this.verificationMail) return this.onSent(email)
      await this.#signIn(email, secret)
    })
  }

  /** The answer to a sign-up does not tell a new account from a taken address: only this does. */
  async #signIn(email: string, secret: string): Promise<void> {
    try {
      await password.login({ user: { email }, password: secret })
    } catch (error) {
      if (!(error instanceof AccountsClientError)) throw error
      this.onRefused(email)
    }
  }
}
