import { html, nothing } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { password } from '../accounts.ts'
import type { Problem } from '../explain.ts'
import { accountName, codeField, isTooShort, missingCode, passwordField, passwordHint, submitButton, tooShort } from '../fields.ts'
import { View } from '../view.ts'

/** A new password for the old one. */
export class ChangePassword extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    account: {},
    passwordMinLength: { type: Number },
    onChanged: { attribute: false },
    isOpen: { state: true },
    asksCode: { state: true },
  }
  /** For password managers: whose password it is. */
  declare account: string
  declare passwordMinLength: number
  declare onChanged: () => void
  declare private isOpen: boolean
  /** Whoever has a second factor confirms with it, unless they signed in just now. */
  declare private asksCode: boolean

  constructor() {
    super()
    this.account = ''
    this.passwordMinLength = 8
    this.onChanged = () => {}
    this.isOpen = false
    this.asksCode = false
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
        ${this.asksCode ? codeField({ label: 'Code from your authenticator app', takes: 'either', problem: this.problemOf('code') }) : nothing}
        <div class="actions">
          ${submitButton('Change password', this.busy === 'main')}
          <button type="button" class="secondary" @click=${this.#cancel}>Cancel</button>
        </div>
        ${this.notice('oldPassword', 'newPassword', 'code')}
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
    const code = this.entered('code').trim()
    const missing = this.asksCode ? missingCode(code, 'either') : undefined
    if (missing) return void this.refuse({ text: missing, field: 'code' })
    const wrong = { text: 'That is not your current password.', field: 'oldPassword' }
    void this.attempt(
      async () => {
        await password.changePassword(current, next, code || undefined)
        this.isOpen = false
        this.asksCode = false
        this.done = 'Your password is changed, and your other devices are signed out.'
        this.onChanged()
      },
      { InvalidCredentials: wrong, IncorrectPassword: wrong, ...CODE },
    )
  }

  protected override async refuse(problem: Problem): Promise<void> {
    if (problem.code === 'TwoFactorRequired') this.asksCode = true
    await super.refuse(problem)
  }
}

const CODE: Record<string, Problem> = {
  TwoFactorRequired: { text: 'Enter a code from your authenticator app, too.', field: 'code' },
  TwoFactorInvalid: { text: 'That code is not right, or was used already.', field: 'code' },
}
