import { html } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { password } from '../accounts.ts'
import { accountName, passwordField, submitButton, isTooShort, passwordHint, tooShort } from '../fields.ts'
import { View } from '../view.ts'

/** A new password for the old one. */
export class ChangePassword extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    account: {},
    passwordMinLength: { type: Number },
    onChanged: { attribute: false },
    isOpen: { state: true },
  }
  /** For password managers: whose password it is. */
  declare account: string
  declare passwordMinLength: number
  declare onChanged: () => void
  declare private isOpen: boolean

  constructor() {
    super()
    this.account = ''
    this.passwordMinLength = 8
    this.onChanged = () => {}
    this.isOpen = false
  }

  protected override render(): TemplateResult {
    return html`
      ${
        this.isOpen
          ? this.#form()
          : html`<p><button type="button" class="secondary" aria-expanded="false" @click=${this.#open}>Change password</button></p>`
      }
      ${this.news()}
    `
  }

  #form(): TemplateResult {
    return html`
      <form class="card" @submit=${this.#submit} novalidate>
        ${accountName(this.account)}
        ${passwordField({
          name: 'oldPassword',
          label: 'Current password',
          autocomplete: 'current-password',
          problem: this.problemOf('oldPassword'),
        })}
        ${passwordField({
          name: 'newPassword',
          label: 'New password',
          autocomplete: 'new-password',
          hint: passwordHint(this.passwordMinLength),
          problem: this.problemOf('newPassword'),
        })}
        <div class="actions">
          ${submitButton('Change password', this.busy === 'main')}
          <button type="button" class="secondary" @click=${this.#cancel}>Cancel</button>
        </div>
        ${this.notice('oldPassword', 'newPassword')}
      </form>
    `
  }

  readonly #open = async (): Promise<void> => {
    this.isOpen = true
    this.done = ''
    await this.updateComplete
    this.querySelector<HTMLInputElement>('input[name="oldPassword"]')?.focus()
  }

  readonly #cancel = async (): Promise<void> => {
    this.isOpen = false
    this.problem = null
    await this.updateComplete
    this.querySelector('button')?.focus()
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const [current, next] = [this.entered('oldPassword'), this.entered('newPassword')]
    if (!current) return void this.refuse({ text: 'Enter your current password.', field: 'oldPassword' })
    if (isTooShort(next, this.passwordMinLength)) {
      return void this.refuse({ text: tooShort(this.passwordMinLength), field: 'newPassword' })
    }
    const wrong = { text: 'That is not your current password.', field: 'oldPassword' }
    void this.attempt(
      async () => {
        await password.changePassword(current, next)
        this.isOpen = false
        this.done = 'Your password is changed, and your other devices are signed out.'
        this.onChanged()
      },
      { InvalidCredentials: wrong, IncorrectPassword: wrong },
    )
  }
}
