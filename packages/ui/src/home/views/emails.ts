import { AccountsClientError } from '@latchkey/client'
import type { EmailRecord, PublicUser } from '@latchkey/client'
import { html, nothing } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { accounts, password } from '../accounts.ts'
import { field, submitButton } from '../fields.ts'
import { hasMailbox, MAILBOX } from '../mailbox.ts'
import { View } from '../view.ts'
import type { Question } from './confirm.ts'

/** My addresses: which are confirmed, one more, one less. */
export class Emails extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    user: { attribute: false },
    ask: { attribute: false },
    mailbox: { state: true },
  }
  declare user: PublicUser
  declare ask: (question: Question) => void
  declare private mailbox: boolean

  constructor() {
    super()
    this.user = { id: '', emails: [], deactivated: false }
    this.ask = () => {}
    this.mailbox = false
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#look()
  }

  protected override render(): TemplateResult {
    const { emails } = this.user
    return html`
      <ul class="rows">
        ${emails.map(email => this.#row(email))}
        ${emails.length === 0 ? html`<li class="row quiet">No address yet. Without one, a forgotten password cannot be replaced.</li>` : nothing}
      </ul>
      <form class="inline" @submit=${this.#add} novalidate>
        ${field({
          name: 'newEmail',
          label: 'Another address',
          type: 'email',
          autocomplete: 'email',
          problem: this.problemOf('newEmail'),
        })}
        ${submitButton('Add', this.busy === 'add', 'secondary')}
      </form>
      ${this.notice('newEmail')}
      <div class="news" role="status">
        ${this.done ? html`<p>${this.done} ${this.mailbox ? html`<a href=${MAILBOX}>Open the mailbox</a>` : nothing}</p>` : nothing}
      </div>
    `
  }

  #row({ address, verified }: EmailRecord): TemplateResult {
    return html`
      <li class="row">
        <span class="what">
          <span class="address">${address}</span>
          <span class=${verified ? 'tag good' : 'tag'}>${verified ? 'Confirmed' : 'Not confirmed'}</span>
        </span>
        <span class="does">
          ${
            verified
              ? nothing
              : html`<button type="button" class="quiet" aria-label="Send the link again to ${address}" @click=${() => this.#send(address)}>
                  Send the link again
                </button>`
          }
          ${
            this.user.emails.length > 1 || this.user.username
              ? html`<button type="button" class="quiet" aria-label="Remove ${address}" @click=${() => this.#remove(address)}>
                  Remove
                </button>`
              : nothing
          }
        </span>
      </li>
    `
  }

  readonly #add = (event: SubmitEvent): void => {
    event.preventDefault()
    const address = this.entered('newEmail').trim()
    if (!address) return void this.refuse({ text: 'Enter the address to add.', field: 'newEmail' })
    const special = { EmailAlreadyExists: { text: 'This address already belongs to an account.', field: 'newEmail' } }
    void this.attempt(
      async () => {
        try {
          await this.#addNow(address)
        } catch (error) {
          if (!(error instanceof AccountsClientError) || error.code !== 'RecentLoginRequired') throw error
          this.#confirmAdding(address)
        }
      },
      special,
      'add',
    )
  }

  /** A password can be replaced through an address, so a session that was left open must not be enough to add one. */
  #confirmAdding(address: string): void {
    this.ask({
      title: 'Add this address?',
      text: `You signed in a while ago. Please confirm with your password that ${address} shall belong to your account.`,
      action: 'Add address',
      account: this.user.username ?? this.user.emails[0]?.address ?? '',
      withPassword: true,
      run: (secret, code) => this.#addNow(address, secret, code),
    })
  }

  async #addNow(address: string, secret?: string, code?: string): Promise<void> {
    await password.addEmail(address, secret, code)
    const input = this.querySelector<HTMLInputElement>('input[name="newEmail"]')
    if (input) input.value = ''
    await password.requestVerificationEmail(address)
    this.done = `A link to confirm it is on its way to ${address}.`
  }

  #send(address: string): void {
    void this.attempt(
      async () => {
        await password.requestVerificationEmail(address)
        this.done = `A new link is on its way to ${address}.`
      },
      {},
      address,
    )
  }

  #remove(address: string): void {
    this.ask({
      title: 'Remove this address?',
      text: `You can no longer sign in with ${address}, nor receive mail about your account there.`,
      action: 'Remove address',
      account: address,
      run: async (secret, code) => {
        await accounts.removeEmail(address, secret, code)
        this.problem = null
        this.done = `${address} is removed.`
      },
    })
  }

  async #look(): Promise<void> {
    this.mailbox = await hasMailbox()
  }
}
