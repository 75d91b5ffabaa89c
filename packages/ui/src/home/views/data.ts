import { html } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { accounts } from '../accounts.ts'
import { View } from '../view.ts'
import type { Question } from './confirm.ts'

/** Taking my data with me, and leaving. */
export class Data extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    account: {},
    ask: { attribute: false },
    onLeaving: { attribute: false },
  }
  declare account: string
  declare ask: (question: Question) => void
  /** Told what to say when the account is gone; null: it stays after all. */
  declare onLeaving: (news: string | null) => void

  constructor() {
    super()
    this.account = ''
    this.ask = () => {}
    this.onLeaving = () => {}
  }

  protected override render(): TemplateResult {
    return html`
      <div class="actions">
        <button type="button" class="secondary" aria-disabled=${this.busy ? 'true' : 'false'} @click=${this.#download}>
          Download my data
        </button>
        <button type="button" class="secondary grave" @click=${this.#delete}>Delete my account</button>
      </div>
      ${this.notice()} ${this.news()}
    `
  }

  readonly #download = (): void => {
    void this.attempt(async () => {
      const data = await accounts.exportData()
      const address = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }))
      const link = document.createElement('a')
      link.href = address
      link.download = 'my-account.json'
      link.click()
      // The browser has read it once the click is through.
      setTimeout(() => URL.revokeObjectURL(address), 1000)
      this.done = 'Saved as my-account.json.'
    })
  }

  readonly #delete = (): void => {
    this.ask({
      title: 'Delete your account?',
      text: 'Your account, its addresses and all its sessions are gone at once and for good.',
      action: 'Delete my account',
      account: this.account,
      withPassword: true,
      run: async (secret, code) => {
        this.onLeaving('Your account is deleted.')
        await accounts.deleteAccount(secret, code).catch((error: unknown) => {
          this.onLeaving(null)
          throw error
        })
      },
    })
  }
}
