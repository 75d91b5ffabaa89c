import type { SessionInfo } from '@latchkey/client'
import { html, nothing, svg } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { accounts } from '../accounts.ts'
import { ago, day } from '../times.ts'
import { View } from '../view.ts'

/** Where I am signed in, and how to end that. */
export class Devices extends View {
  static override properties: PropertyDeclarations = { ...View.properties, sessions: { state: true } }
  declare private sessions: readonly SessionInfo[] | null

  constructor() {
    super()
    this.sessions = null
  }

  override connectedCallback(): void {
    super.connectedCallback()
    document.addEventListener('visibilitychange', this.#look)
    void this.attempt(() => this.load(), {}, 'load')
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    document.removeEventListener('visibilitychange', this.#look)
  }

  /** Asks for the list again. */
  async load(): Promise<void> {
    this.sessions = await accounts.sessions()
  }

  protected override render(): TemplateResult {
    const { sessions } = this
    return html`
      ${
        sessions
          ? html`<ul class="rows">
              ${sessions.map(session => this.#row(session))}
            </ul>`
          : this.#waiting()
      }
      ${this.notice()}
      ${
        sessions && sessions.length > 1
          ? html`<p><button type="button" class="secondary" @click=${this.#endOthers}>Sign out all other devices</button></p>`
          : nothing
      }
      ${this.news()}
    `
  }

  #waiting(): TemplateResult {
    return this.problem
      ? html`<p><button type="button" class="secondary" @click=${this.#retry}>Try again</button></p>`
      : html`<div class="rows" role="status"><p class="row placeholder">Looking…</p></div>`
  }

  #row(session: SessionInfo): TemplateResult {
    const { device, current, activeAt, createdAt, ip } = session
    return html`
      <li class="row">
        ${isPhone(session) ? phone() : laptop()}
        <span class="what">
          <strong>${device}</strong> ${current ? html`<span class="tag good">This device</span>` : nothing}
          <small>
            ${current ? 'Active now' : html`Active <time datetime=${activeAt}>${ago(activeAt)}</time>`}${ip ? html` · ${ip}` : nothing} ·
            signed in
            <time datetime=${createdAt} title=${day(createdAt)}>${ago(createdAt)}</time>
          </small>
        </span>
        ${
          current
            ? nothing
            : html`<span class="does">
                <button type="button" class="quiet" aria-label="Sign out ${device}" @click=${() => this.#end(session)}>Sign out</button>
              </span>`
        }
      </li>
    `
  }

  #end({ id, device }: SessionInfo): void {
    void this.attempt(
      async () => {
        await accounts.endSession(id)
        await this.load()
        this.done = `${device} is signed out.`
      },
      { NotFound: { text: 'That device was signed out already.' } },
      id,
    )
  }

  readonly #endOthers = (): void => {
    void this.attempt(async () => {
      await accounts.endOtherSessions()
      await this.load()
      this.done = 'All other devices are signed out.'
    })
  }

  readonly #retry = (): void => void this.attempt(() => this.load(), {}, 'load')

  /** Somebody who comes back to the page wants to see how things are now. */
  readonly #look = (): void => {
    if (document.visibilityState === 'visible') void this.attempt(() => this.load(), {}, 'load')
  }
}

const isPhone = ({ device, userAgent }: SessionInfo): boolean => /iphone|android|mobile/i.test(`${device} ${userAgent ?? ''}`)

const icon = (drawing: unknown): TemplateResult => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${drawing}</svg>`
const laptop = (): TemplateResult => icon(svg`<rect x="4.5" y="5" width="15" height="10.5" rx="1.5" /><path d="M2.5 19h19" />`)
const phone = (): TemplateResult => icon(svg`<rect x="7.5" y="2.5" width="9" height="19" rx="2" /><path d="M11 18.5h2" />`)
