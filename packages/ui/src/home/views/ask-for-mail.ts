import { html } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { field, submitButton } from '../fields.ts'
import { View } from '../view.ts'

/** The words of a page that asks for an address to send something to. */
export interface AskForMailWords {
  title: string
  lead: string
  send: string
  rather: string
}

/** A page that asks for an e-mail address and has something sent there. */
export abstract class AskForMail extends View {
  static override properties: PropertyDeclarations = { ...View.properties, onSent: { attribute: false } }
  /** Told the address a message is on its way to. */
  declare onSent: (email: string) => void

  constructor() {
    super()
    this.onSent = () => {}
  }

  protected abstract readonly words: AskForMailWords
  protected abstract send(email: string): Promise<void>

  protected override render(): TemplateResult {
    const { title, lead, send, rather } = this.words
    return html`
      <h1 tabindex="-1">${title}</h1>
      <p class="lead">${lead}</p>
      <form @submit=${this.#submit} novalidate>
        ${field({ name: 'email', label: 'E-mail', type: 'email', autocomplete: 'username', problem: this.problemOf('email') })}
        <div class="actions">${submitButton(send, this.busy === 'main')}</div>
        ${this.notice('email')}
      </form>
      <p class="aside">${rather} <a href="/#/">Sign in</a></p>
    `
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const email = this.entered('email').trim()
    if (!email) return void this.refuse({ text: 'Enter your e-mail address.', field: 'email' })
    void this.attempt(async () => {
      await this.send(email)
      this.onSent(email)
    })
  }
}
