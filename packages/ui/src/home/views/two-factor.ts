import type { TwoFactorStatus } from '@latchkey/client'
import { html, nothing } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { rest } from '../accounts.ts'
import type { Problem } from '../explain.ts'
import { codeField, missingCode, submitButton } from '../fields.ts'
import { View } from '../view.ts'

/** What is shown below the state. */
type Open = 'nothing' | 'setup' | 'recovery-codes' | 'new-codes' | 'off'

/** Codes from an authenticator app: on, off, and the recovery codes. */
export class TwoFactor extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    account: {},
    status: { state: true },
    open: { state: true },
    recoveryCodes: { state: true },
  }
  declare account: string
  declare private status: TwoFactorStatus | null
  declare private open: Open
  declare private recoveryCodes: readonly string[]

  constructor() {
    super()
    this.account = ''
    this.status = null
    this.open = 'nothing'
    this.recoveryCodes = []
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#load()
  }

  protected override render(): TemplateResult {
    return html`${this.status ? this.#state(this.status) : this.#waiting()} ${this.#opened()} ${this.news()}`
  }

  #waiting(): TemplateResult {
    return html`
      <div class="rows" role="status"><p class="row placeholder">${this.problem ? 'This could not be looked up.' : 'Looking…'}</p></div>
      ${this.problem ? html`<p><button type="button" class="secondary" @click=${this.#load}>Try again</button></p>` : nothing}
      ${this.notice()}
    `
  }

  #state({ enabled, recoveryCodesLeft: left }: TwoFactorStatus): TemplateResult {
    return html`
      <div class="rows">
        <div class="row">
          <span class="what">
            <strong>Authenticator app</strong>
            <span class=${enabled ? 'tag good' : 'tag'}>${enabled ? 'On' : 'Off'}</span>
            ${enabled ? html`<small>${leftOver(left)}</small>` : nothing}
          </span>
          <span class="does">${enabled ? this.#changes() : this.#opener('setup', 'Set up')}</span>
        </div>
      </div>
    `
  }

  #changes(): TemplateResult {
    return html`${this.#opener('new-codes', 'New recovery codes')} ${this.#opener('off', 'Switch off')}`
  }

  #opener(what: Open, label: string): TemplateResult {
    return html`<button
      type="button"
      class="quiet"
      data-opens=${what}
      aria-expanded=${this.open === what ? 'true' : 'false'}
      @click=${() => this.#show(what)}
    >
      ${label}
    </button>`
  }

  #opened(): TemplateResult | typeof nothing {
    switch (this.open) {
      case 'setup':
        return html`<latchkey-two-factor-setup
          .account=${this.account}
          .onSet=${this.#keep}
          .onCancel=${this.#close}
        ></latchkey-two-factor-setup>`
      case 'recovery-codes':
        return html`<latchkey-recovery-codes
          .codes=${this.recoveryCodes}
          .account=${this.account}
          .onKept=${this.#kept}
        ></latchkey-recovery-codes>`
      case 'new-codes':
        return this.#withCode('New recovery codes', 'The earlier ones no longer work then.', 'Make new codes', 'primary')
      case 'off':
        return this.#withCode(
          'Switch it off?',
          'Signing in then takes your password alone. Your recovery codes are void.',
          'Switch off',
          'danger',
        )
      case 'nothing':
        break
    }
    return nothing
  }

  #withCode(title: string, text: string, action: string, kind: string): TemplateResult {
    return html`
      <form class="card" @submit=${this.#submit} novalidate>
        <h3 tabindex="-1">${title}</h3>
        <p>${text}</p>
        ${codeField({ label: 'Code from the app, or a recovery code', takes: 'either', problem: this.problemOf('code') })}
        <div class="actions">
          ${submitButton(action, this.busy === 'main', kind)}
          <button type="button" class="secondary" @click=${this.#close}>Cancel</button>
        </div>
        ${this.notice('code')}
      </form>
    `
  }

  readonly #load = (): void => {
    void this.attempt(async () => void (this.status = await rest.twoFactorStatus()), {}, 'load')
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const code = this.entered('code').trim()
    const missing = missingCode(code, 'either')
    if (missing) return void this.refuse({ text: missing, field: 'code' })
    const wrong: Record<string, Problem> = { TwoFactorInvalid: { text: 'That code is not right, or was used already.', field: 'code' } }
    void this.attempt(
      async () => (this.open === 'off' ? this.#switchOff(code) : this.#keep((await rest.twoFactorRecoveryCodes(code)).recoveryCodes)),
      wrong,
    )
  }

  async #switchOff(code: string): Promise<void> {
    await rest.twoFactorUnset(code)
    this.open = 'nothing'
    this.status = { enabled: false, recoveryCodesLeft: 0 }
    this.done = 'Two-factor authentication is off.'
  }

  readonly #keep = (codes: readonly string[]): void => {
    this.recoveryCodes = codes
    this.open = 'recovery-codes'
    this.status = { enabled: true, recoveryCodesLeft: codes.length }
  }

  readonly #kept = (): void => {
    this.recoveryCodes = []
    void this.#show('nothing')
    this.done = 'Two-factor authentication is on.'
  }

  readonly #close = async (): Promise<void> => {
    const before = this.open
    await this.#show('nothing')
    this.querySelector<HTMLElement>(`[data-opens="${before}"]`)?.focus()
  }

  async #show(what: Open): Promise<void> {
    this.open = what
    this.problem = null
    this.done = ''
    await this.updateComplete
    this.querySelector<HTMLInputElement>('input[name="code"]')?.focus()
  }
}

function leftOver(left: number): string {
  if (left === 0) return 'No recovery codes are left. Make new ones.'
  return left === 1 ? 'One recovery code is left. Make new ones soon.' : `${left} recovery codes are left.`
}
