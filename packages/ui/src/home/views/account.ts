import type { PublicUser } from '@latchkey/client'
import { html, nothing } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { accounts } from '../accounts.ts'
import { mark } from '../door.ts'
import { View } from '../view.ts'
import type { Confirm, Question } from './confirm.ts'
import type { Devices } from './devices.ts'

/** What a signed-in person sees. */
export class Account extends View {
  static override properties: PropertyDeclarations = {
    ...View.properties,
    user: { attribute: false },
    passwordMinLength: { type: Number },
    greeting: {},
    offersTwoFactor: { type: Boolean },
    onLeaving: { attribute: false },
  }
  declare user: PublicUser
  declare passwordMinLength: number
  /** Said once, at the top. */
  declare greeting: string
  declare offersTwoFactor: boolean
  /** Told what to say when nobody is signed in any more; null: somebody still is. */
  declare onLeaving: (news: string | null) => void

  constructor() {
    super()
    this.user = { id: '', emails: [], deactivated: false }
    this.passwordMinLength = 8
    this.greeting = ''
    this.offersTwoFactor = false
    this.onLeaving = () => {}
  }

  protected override render(): TemplateResult {
    const name = this.user.username ?? this.user.emails[0]?.address ?? ''
    return html`
      <header class="bar">
        <span class="brand">${mark()} Latchkey</span>
        <button type="button" class="quiet" aria-disabled=${this.busy ? 'true' : 'false'} @click=${this.#leave}>Sign out</button>
      </header>
      <main class="account">
        <div class="head">
          <h1 tabindex="-1">Your account</h1>
          <p class="lead address">${name}</p>
          <div class="news" role="status">${this.greeting ? html`<p>${this.greeting}</p>` : nothing}</div>
          ${this.notice()}
        </div>
        ${section(
          'E-mail addresses',
          'You can sign in with any of them. Messages about your account go there.',
          html`<latchkey-emails .user=${this.user} .ask=${this.#ask}></latchkey-emails>`,
        )}
        ${section(
          'Devices',
          'Where you are signed in. If you do not know one, sign it out and change your password.',
          html`<latchkey-devices></latchkey-devices>`,
        )}
        ${section(
          'Password',
          'Changing it signs out every other device.',
          html`<latchkey-change-password
            .account=${name}
            .passwordMinLength=${this.passwordMinLength}
            .onChanged=${this.#passwordChanged}
          ></latchkey-change-password>`,
        )}
        ${
          this.offersTwoFactor
            ? section(
                'Two-factor authentication',
                'Signing in then takes a code from your phone as well. A stolen password alone opens nothing.',
                html`<latchkey-two-factor .account=${name}></latchkey-two-factor>`,
              )
            : nothing
        }
        ${section(
          'Your data',
          'Take everything kept about you as a file, or delete it for good.',
          html`<latchkey-data .account=${name} .ask=${this.#ask} .onLeaving=${this.onLeaving}></latchkey-data>`,
        )}
      </main>
      <latchkey-confirm></latchkey-confirm>
    `
  }

  readonly #leave = (): void => {
    void this.attempt(async () => {
      this.onLeaving('You are signed out.')
      await accounts.logout().catch((error: unknown) => {
        this.onLeaving(null)
        throw error
      })
    })
  }

  readonly #ask = (question: Question): void => this.querySelector<Confirm>('latchkey-confirm')?.ask(question)

  readonly #passwordChanged = (): void => {
    // Its list shows the change; should it fail, the list says so itself the next time
    this.querySelector<Devices>('latchkey-devices')
      ?.load()
      .catch(() => {})
  }
}

const section = (title: string, about: string, content: TemplateResult): TemplateResult => {
  const id = title.toLowerCase().replaceAll(' ', '-')
  return html`
    <section aria-labelledby=${id}>
      <div class="about">
        <h2 id=${id}>${title}</h2>
        <p>${about}</p>
      </div>
      <div class="content">${content}</div>
    </section>
  `
}
