import { html } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { accounts } from '../accounts.ts'
import type { Problem } from '../explain.ts'
import type { CodeKind } from '../fields.ts'
import { codeField, missingCode, submitButton } from '../fields.ts'
import { View } from '../view.ts'

/** Between the password and the account: the code of an authenticator app, or a recovery code. */
export class SecondStep extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    pending: {},
    onOver: { attribute: false },
    withRecoveryCode: { state: true },
  }
  /** Stands for the first step, for a few minutes and a few tries. */
  declare pending: string
  /** Told what to say when it has to begin anew; empty when that was wished for. */
  declare onOver: (news: string) => void
  declare private withRecoveryCode: boolean

  constructor() {
    super()
    this.pending = ''
    this.onOver = () => {}
    this.withRecoveryCode = false
  }

  protected override render(): TemplateResult {
    return html`
      <h1 tabindex="-1">${this.withRecoveryCode ? 'Enter a recovery code' : 'Enter your code'}</h1>
      <p class="lead">
        ${
          this.withRecoveryCode
            ? 'One of those you kept when you set up two-factor authentication. It works once.'
            : 'Your authenticator app shows six digits for this site.'
        }
      </p>
      <form @submit=${this.#submit} novalidate>
        ${codeField({
          label: this.withRecoveryCode ? 'Recovery code' : 'Code',
          takes: this.#takes,
          problem: this.problemOf('code'),
          first: true,
        })}
        <div class="actions">
          ${submitButton('Sign in', this.busy === 'main')}
          <button type="button" class="link" @click=${this.#switch}>
            ${this.withRecoveryCode ? 'Use the authenticator app' : 'Use a recovery code'}
          </button>
        </div>
        ${this.notice('code')}
      </form>
      <p class="aside"><button type="button" class="link" @click=${this.#leave}>Back to sign-in</button></p>
    `
  }

  get #takes(): CodeKind {
    return this.withRecoveryCode ? 'recovery code' : 'digits'
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const code = this.entered('code').trim()
    const missing = missingCode(code, this.#takes)
    if (missing) return void this.refuse({ text: missing, field: 'code' })
    void this.attempt(() => this.#complete(code), { TwoFactorInvalid: this.withRecoveryCode ? WRONG_RECOVERY_CODE : WRONG_CODE })
  }

  async #complete(code: string): Promise<void> {
    await accounts.loginWithService('second-factor', { pending: this.pending, code })
  }

  /** A pending login that is over cannot be completed any more, whatever the code. */
  protected override async refuse(problem: Problem): Promise<void> {
    if (problem.code === 'AuthenticationFailed') return this.onOver('That took too long, or too many tries. Please sign in again.')
    await super.refuse(problem)
  }

  readonly #switch = async (): Promise<void> => {
    this.withRecoveryCode = !this.withRecoveryCode
    this.problem = null
    await this.updateComplete
    const input = this.querySelector<HTMLInputElement>('input[name="code"]')
    if (input) input.value = ''
    input?.focus()
  }

  readonly #leave = (): void => this.onOver('')
}

const WRONG_CODE: Problem = { text: 'That code is not right, or was used already. Wait for the next one.', field: 'code' }
const WRONG_RECOVERY_CODE: Problem = { text: 'That is none of your recovery codes, or it was used already.', field: 'code' }
