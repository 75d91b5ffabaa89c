import { html, nothing } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { accountName, codeField, missingCode, passwordField, submitButton } from '../fields.ts'
import { View } from '../view.ts'

/** A question before something that cannot be taken back. */
export interface Question {
  title: string
  text: string
  action: string
  /** Whose password is asked for, should it be. */
  account: string
  /** Ask for the password at once; otherwise only when the server wants it. */
  withPassword?: boolean
  run(password: string | undefined, code: string | undefined): Promise<void>
}

const SPECIAL = {
  RecentLoginRequired: { text: 'You signed in a while ago. Please confirm with your password.', field: 'confirmation' },
  InvalidCredentials: { text: 'That is not your password.', field: 'confirmation' },
  InvalidPassword: { text: 'That is not your password.', field: 'confirmation' },
  TwoFactorRequired: { text: 'Enter a code from your authenticator app, too.', field: 'code' },
  TwoFactorInvalid: { text: 'That code is not right, or was used already.', field: 'code' },
}

/** Asks, and does it when told so. Stays open until it is done. */
export class Confirm extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    question: { state: true },
    asksPassword: { state: true },
    asksCode: { state: true },
  }
  declare private question: Question | null
  declare private asksPassword: boolean
  declare private asksCode: boolean

  constructor() {
    super()
    this.question = null
    this.asksPassword = false
    this.asksCode = false
  }

  /** Shows the question. */
  ask(question: Question): void {
    this.question = question
    this.asksPassword = question.withPassword ?? false
    this.asksCode = false
    this.problem = null
    void this.updateComplete.then(() => this.querySelector('dialog')?.showModal())
  }

  protected override render(): TemplateResult {
    const { question } = this
    return html`
      <dialog aria-labelledby="question" aria-describedby="consequence" @close=${this.#closed}>
        ${question ? this.#form(question) : nothing}
      </dialog>
    `
  }

  #form({ title, text, action, account }: Question): TemplateResult {
    return html`
      <form @submit=${this.#submit} novalidate>
        <h2 id="question">${title}</h2>
        <p id="consequence">${text}</p>
        ${accountName(account)}
        ${
          this.asksPassword
            ? passwordField({
                name: 'confirmation',
                label: 'Your password',
                autocomplete: 'current-password',
                problem: this.problemOf('confirmation'),
              })
            : nothing
        }
        ${this.asksCode ? codeField({ label: 'Code from your authenticator app', takes: 'either', problem: this.problemOf('code') }) : nothing}
        <div class="actions">
          ${submitButton(action, this.busy === 'main', 'danger')}
          <button type="button" class="secondary" @click=${this.#close}>Cancel</button>
        </div>
        ${this.notice('confirmation', 'code')}
      </form>
    `
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const secret = this.entered('confirmation')
    if (this.asksPassword && !secret) return void this.refuse({ text: 'Enter your password.', field: 'confirmation' })
    const code = this.entered('code').trim()
    const missing = this.asksCode ? missingCode(code, 'either') : undefined
    if (missing) return void this.refuse({ text: missing, field: 'code' })
    void this.attempt(async () => {
      await this.question?.run(secret || undefined, code || undefined)
      this.#close()
    }, SPECIAL)
  }

  protected override async refuse(problem: Parameters<View['refuse']>[0]): Promise<void> {
    if (problem.code === 'RecentLoginRequired') this.asksPassword = true
    if (problem.code === 'TwoFactorRequired') this.asksCode = true
    await super.refuse(problem)
  }

  readonly #close = (): void => this.querySelector('dialog')?.close()

  readonly #closed = (): void => {
    this.question = null
  }
}
