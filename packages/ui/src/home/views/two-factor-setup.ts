import type { TwoFactorSecret } from '@latchkey/client'
import { html, nothing } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { rest } from '../accounts.ts'
import type { Problem } from '../explain.ts'
import { accountName, codeField, missingCode, passwordField, submitButton } from '../fields.ts'
import { View } from '../view.ts'

/** Setting up codes: scan, type one back. */
export class TwoFactorSetup extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    account: {},
    onSet: { attribute: false },
    onCancel: { attribute: false },
    secret: { state: true },
    drawing: { state: true },
    asksPassword: { state: true },
  }
  /** For password managers: whose password it is. */
  declare account: string
  declare onSet: (recoveryCodes: readonly string[]) => void
  declare onCancel: () => void
  declare private secret: TwoFactorSecret | null
  declare private drawing: TemplateResult | null
  declare private asksPassword: boolean

  constructor() {
    super()
    this.account = ''
    this.onSet = () => {}
    this.onCancel = () => {}
    this.secret = null
    this.drawing = null
    this.asksPassword = false
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#begin()
  }

  protected override render(): TemplateResult {
    const { secret } = this
    return html`
      <form class="card" @submit=${this.#submit} novalidate>
        <h3 tabindex="-1">Add this site to your authenticator app</h3>
        ${secret ? this.#steps(secret) : this.#waiting()} ${this.notice('code', 'password')}
      </form>
    `
  }

  #steps(secret: TwoFactorSecret): TemplateResult {
    return html`
      <div class="scan">
        <div class="frame">${this.drawing}</div>
        <div>
          <p>Scan the picture with an app such as Aegis, Google Authenticator, 1Password or Bitwarden.</p>
          <p class="fine">No camera? Type this key into the app, or <a href=${secret.otpauth_url}>open it on this device</a>.</p>
          <p><code class="key">${grouped(secret.base32)}</code></p>
        </div>
      </div>
      ${accountName(this.account)}
      ${
        this.asksPassword
          ? passwordField({
              name: 'password',
              label: 'Your password',
              autocomplete: 'current-password',
              problem: this.problemOf('password'),
            })
          : nothing
      }
      ${codeField({ label: 'Code the app shows now', takes: 'digits', problem: this.problemOf('code') })}
      <div class="actions">
        ${submitButton('Switch on', this.busy === 'main')}
        <button type="button" class="secondary" @click=${this.#cancel}>Cancel</button>
      </div>
    `
  }

  #waiting(): TemplateResult {
    return html`
      ${this.problem ? nothing : html`<p class="placeholder" role="status">One moment…</p>`}
      <div class="actions">
        ${this.problem ? html`<button type="button" class="primary" @click=${this.#begin}>Try again</button>` : nothing}
        <button type="button" class="secondary" @click=${this.#cancel}>Cancel</button>
      </div>
    `
  }

  readonly #begin = (): void => {
    void this.attempt(
      async () => {
        const [{ secret }, { qrCode }] = await Promise.all([rest.getTwoFactorSecret(), import('../qr.ts')])
        this.drawing = qrCode(secret.otpauth_url, 'QR code for your authenticator app')
        this.secret = secret
        await this.updateComplete
        this.querySelector<HTMLInputElement>('input[name="code"]')?.focus()
      },
      {},
      'begin',
    )
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const { secret } = this
    if (!secret) return
    const [code, password] = [this.entered('code').trim(), this.entered('password')]
    if (this.asksPassword && !password) return void this.refuse({ text: 'Enter your password.', field: 'password' })
    const missing = missingCode(code, 'digits')
    if (missing) return void this.refuse({ text: missing, field: 'code' })
    void this.attempt(async () => {
      const { recoveryCodes } = await rest.twoFactorSet(secret, code, undefined, password || undefined)
      this.onSet(recoveryCodes)
    }, SPECIAL)
  }

  protected override async refuse(problem: Problem): Promise<void> {
    if (problem.code === 'RecentLoginRequired') this.asksPassword = true
    // The secret was offered too long ago: another one.
    if (problem.field === 'secret') {
      this.secret = null
      this.#again()
    }
    await super.refuse(problem)
  }

  /** Once what is under way has ended. */
  #again(): void {
    void Promise.resolve().then(() => this.#begin())
  }

  readonly #cancel = (): void => this.onCancel()
}

const notPassword: Problem = { text: 'That is not your password.', field: 'password' }
const SPECIAL: Record<string, Problem> = {
  RecentLoginRequired: { text: 'You signed in a while ago. Please confirm with your password.', field: 'password' },
  InvalidCredentials: notPassword,
  IncorrectPassword: notPassword,
  InvalidPassword: notPassword,
}

/** In fours, as it is typed. */
const grouped = (base32: string): string => base32.match(/.{1,4}/g)?.join(' ') ?? base32
