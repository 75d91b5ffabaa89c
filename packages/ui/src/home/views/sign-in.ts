import { html, nothing } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { password } from '../accounts.ts'
import { field, passwordField, submitButton } from '../fields.ts'
import type { Problem } from '../explain.ts'
import { View } from '../view.ts'

const wrong: Problem = { text: 'That name and password do not match.', field: 'password' }
/** Which of the two it was is not said, even where the server says it. */
const WRONG: Record<string, Problem> = { InvalidCredentials: wrong, IncorrectPassword: wrong, UserNotFound: wrong }

/** The way in. */
export class SignIn extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    signUpAllowed: { type: Boolean },
    mailsLinks: { type: Boolean },
    name: {},
  }
  declare signUpAllowed: boolean
  /** Whoever has an address here can have a link mailed that signs in. */
  declare mailsLinks: boolean
  /** Filled in already, for who has just typed it elsewhere. */
  declare name: string

  constructor() {
    super()
    this.signUpAllowed = false
    this.mailsLinks = false
    this.name = ''
  }

  protected override render(): TemplateResult {
    return html`
      <h1 tabindex="-1">Sign in</h1>
      <form @submit=${this.#submit} novalidate>
        ${field({
          name: 'user',
          label: 'E-mail or username',
          autocomplete: 'username',
          value: this.name,
          problem: this.problemOf('user'),
        })}
        ${passwordField({
          name: 'password',
          label: 'Password',
          autocomplete: 'current-password',
          problem: this.problemOf('password'),
        })}
        <div class="actions">${submitButton('Sign in', this.busy === 'main')} <a href="/#/forgot-password">Forgot your password?</a></div>
        ${this.notice('user', 'password')} ${this.problem?.code === 'EmailNotVerified' ? this.#again() : nothing} ${this.news()}
      </form>
      ${this.mailsLinks ? html`<p class="aside">No password at hand? <a href="/#/email-link">Email me a sign-in link</a></p>` : nothing}
      ${this.signUpAllowed ? html`<p class="aside">New here? <a href="/#/create-account">Create account</a></p>` : nothing}
    `
  }

  #again(): TemplateResult {
    return html`<p><button type="button" class="link" @click=${this.#sendAgain}>Send the link again</button></p>`
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const [user, secret] = [this.entered('user').trim(), this.entered('password')]
    if (!user) return void this.refuse({ text: 'Enter your e-mail address or username.', field: 'user' })
    if (!secret) return void this.refuse({ text: 'Enter your password.', field: 'password' })
    this.name = user
    void this.attempt(async () => {
      await password.login({ user, password: secret })
    }, WRONG)
  }

  readonly #sendAgain = (): void => {
    const address = this.entered('user').trim()
    void this.attempt(async () => {
      await password.requestVerificationEmail(address)
      this.done = `We sent a new link to ${address}.`
    })
  }
}
