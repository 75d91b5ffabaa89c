import type { ClientState, PublicSettings, Stop } from '@latchkey/client'
import { html, LitElement } from 'lit'
import type { PropertyDeclarations, PropertyValues, TemplateResult } from 'lit'
import { accounts } from './accounts.ts'
import { door, mark } from './door.ts'
import { explain } from './explain.ts'
import { readRoute } from './route.ts'
import type { Route } from './route.ts'
import { Account } from './views/account.ts'
import { ChangePassword } from './views/change-password.ts'
import { CheckMail } from './views/check-mail.ts'
import type { Sent } from './views/check-mail.ts'
import { Confirm } from './views/confirm.ts'
import { CreateAccount } from './views/create-account.ts'
import { Data } from './views/data.ts'
import { Devices } from './views/devices.ts'
import { EmailLink } from './views/email-link.ts'
import { Emails } from './views/emails.ts'
import { ForgotPassword } from './views/forgot-password.ts'
import { MagicLink } from './views/magic-link.ts'
import { NewPassword } from './views/new-password.ts'
import { RecoveryCodes } from './views/recovery-codes.ts'
import { SecondStep } from './views/second-step.ts'
import { SignIn } from './views/sign-in.ts'
import { TwoFactorSetup } from './views/two-factor-setup.ts'
import { TwoFactor } from './views/two-factor.ts'
import { VerifyEmail } from './views/verify-email.ts'
import { CODE_DUE } from './view.ts'

/** Every element of the page. */
const PARTS: Record<string, CustomElementConstructor> = {
  'latchkey-account': Account,
  'latchkey-change-password': ChangePassword,
  'latchkey-check-mail': CheckMail,
  'latchkey-confirm': Confirm,
  'latchkey-create-account': CreateAccount,
  'latchkey-data': Data,
  'latchkey-devices': Devices,
  'latchkey-email-link': EmailLink,
  'latchkey-emails': Emails,
  'latchkey-forgot-password': ForgotPassword,
  'latchkey-magic-link': MagicLink,
  'latchkey-new-password': NewPassword,
  'latchkey-recovery-codes': RecoveryCodes,
  'latchkey-second-step': SecondStep,
  'latchkey-sign-in': SignIn,
  'latchkey-two-factor': TwoFactor,
  'latchkey-two-factor-setup': TwoFactorSetup,
  'latchkey-verify-email': VerifyEmail,
}
for (const [name, part] of Object.entries(PARTS)) customElements.define(name, part)

/** What is shown: one of these at a time. */
type Screen = 'waiting' | 'sign-in' | 'second-step' | 'check-mail' | 'account' | Exclude<Route['name'], 'home'>

const TITLES: Record<Screen, string> = {
  waiting: 'Latchkey',
  'sign-in': 'Sign in',
  'second-step': 'Enter your code',
  'check-mail': 'Check your mail',
  account: 'Your account',
  'create-account': 'Create account',
  'email-link': 'Sign in with a link',
  'forgot-password': 'Forgot your password?',
  'verify-email': 'Confirm your address',
  'reset-password': 'Choose a new password',
  'enroll-account': 'Welcome',
  magiclink: 'Sign in',
}

/** The whole page: chooses what to show from the address and from who is signed in. */
export class Home extends LitElement {
  static override properties: PropertyDeclarations = {
    state: { state: true },
    settings: { state: true },
    route: { state: true },
    sent: { state: true },
    pending: { state: true },
    news: { state: true },
    name: { state: true },
    failure: { state: true },
  }
  declare private state: ClientState
  declare private settings: PublicSettings | null
  declare private route: Route
  declare private sent: Sent | null
  /** A sign-in that needs a code; empty: none does. */
  declare private pending: string
  /** What the next screen says first. */
  declare private news: string
  /** Filled in already at the sign-in. */
  declare private name: string
  declare private failure: string
  #screen: Screen = 'waiting'
  #stop: Stop | undefined
  /** Said when nobody is signed in any more, if that was wished for. */
  #farewell: string | null = null

  constructor() {
    super()
    this.state = accounts.state.get()
    this.settings = null
    this.route = readRoute(location)
    this.sent = null
    this.pending = ''
    this.news = ''
    this.name = ''
    this.failure = ''
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#stop = accounts.state.subscribe(state => this.#enter(state))
    window.addEventListener('hashchange', this.#navigated)
    window.addEventListener('popstate', this.#navigated)
    this.addEventListener(CODE_DUE, this.#codeDue)
    void this.#loadSettings()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#stop?.()
    window.removeEventListener('hashchange', this.#navigated)
    window.removeEventListener('popstate', this.#navigated)
    this.removeEventListener(CODE_DUE, this.#codeDue)
  }

  protected override createRenderRoot(): this {
    return this
  }

  protected override render(): TemplateResult {
    return this.#chooseScreen() === 'account' ? this.#account() : this.#atTheDoor()
  }

  protected override updated(_: PropertyValues): void {
    const screen = this.#chooseScreen()
    if (screen === this.#screen) return
    const isFirst = this.#screen === 'waiting'
    this.#screen = screen
    document.title = screen === 'waiting' ? 'Latchkey' : `${TITLES[screen]} · Latchkey`
    // Whoever listens to the page hears where they are. Not on arrival: there the browser reads the page anyway.
    // Where there is one thing to do, the cursor stands there, and the field's name is heard with the title.
    if (!isFirst) void Promise.resolve().then(() => this.#first()?.focus())
  }

  #first(): HTMLElement | null {
    return this.querySelector<HTMLElement>('input[autofocus]') ?? this.querySelector('h1')
  }

  #chooseScreen(): Screen {
    const { route, state, settings, sent, pending } = this
    if (!settings) return 'waiting'
    if ('token' in route) return route.name
    if (state.status === 'loading') return 'waiting'
    if (state.status === 'signedIn') return 'account'
    if (pending) return 'second-step'
    if (sent) return 'check-mail'
    if (route.name === 'create-account' && settings.signUpAllowed) return route.name
    if (route.name === 'email-link' && this.#mailsLinks) return route.name
    return route.name === 'forgot-password' ? route.name : 'sign-in'
  }

  get #mailsLinks(): boolean {
    return this.settings?.strategies.includes('magicLink') ?? false
  }

  #account(): TemplateResult {
    return html`<latchkey-account
      .user=${this.state.user}
      .passwordMinLength=${this.settings?.passwordMinLength ?? 8}
      .greeting=${this.news}
      .offersTwoFactor=${this.settings?.twoFactor ?? false}
      .onLeaving=${this.#leaving}
    ></latchkey-account>`
  }

  #atTheDoor(): TemplateResult {
    return html`
      <div class="entrance">
        <header class="wall"><span class="brand">${mark()} Latchkey</span>${door()}</header>
        <main class="panel">
          <div class="news" role="status">${this.news ? html`<p>${this.news}</p>` : ''}</div>
          ${this.#panel()}
        </main>
      </div>
    `
  }

  #panel(): TemplateResult {
    const { route, settings } = this
    const length = settings?.passwordMinLength ?? 8
    const token = 'token' in route ? route.token : ''
    switch (this.#chooseScreen()) {
      case 'check-mail':
        return html`<latchkey-check-mail .sent=${this.sent} .onBack=${this.#back}></latchkey-check-mail>`
      case 'create-account':
        return html`<latchkey-create-account
          .passwordMinLength=${length}
          .verificationMail=${settings?.verificationMail ?? true}
          .onSent=${this.#signedUp}
          .onRefused=${this.#signUpUnsure}
        ></latchkey-create-account>`
      case 'email-link':
        return html`<latchkey-email-link .onSent=${this.#askedForSignIn}></latchkey-email-link>`
      case 'forgot-password':
        return html`<latchkey-forgot-password .onSent=${this.#askedForLink}></latchkey-forgot-password>`
      case 'magiclink':
        return html`<latchkey-magic-link .token=${token} .onSignedIn=${this.#signedIn}></latchkey-magic-link>`
      case 'verify-email':
        return html`<latchkey-verify-email .token=${token} .onVerified=${this.#verified}></latchkey-verify-email>`
      case 'reset-password':
      case 'enroll-account':
        return html`<latchkey-new-password
          .token=${token}
          .isInvitation=${route.name === 'enroll-account'}
          .passwordMinLength=${length}
          .onChanged=${this.#passwordChanged}
        ></latchkey-new-password>`
      case 'second-step':
        return html`<latchkey-second-step .pending=${this.pending} .onOver=${this.#stepOver}></latchkey-second-step>`
      case 'sign-in':
        return html`<latchkey-sign-in
          .signUpAllowed=${settings?.signUpAllowed ?? false}
          .mailsLinks=${this.#mailsLinks}
          .name=${this.name}
        ></latchkey-sign-in>`
      case 'account':
      case 'waiting':
        break
    }
    return this.#waiting()
  }

  #waiting(): TemplateResult {
    const error = this.state.status === 'loading' ? this.state.error : undefined
    const failure = this.failure || (error ? explain(error).text : '')
    if (!failure) return html`<p class="waiting"><span class="spinner" role="img" aria-label="Loading"></span></p>`
    return html`
      <h1 tabindex="-1">Nobody answers</h1>
      <p class="lead" role="alert">${failure}</p>
      <div class="actions"><button type="button" class="primary" @click=${this.#retry}>Try again</button></div>
    `
  }

  #enter(state: ClientState): void {
    if (this.state.status === 'signedIn' && state.status === 'signedOut') {
      this.news = this.#farewell ?? 'Your session has ended. Please sign in again.'
      this.#farewell = null
    }
    if (state.status === 'signedIn' && this.state.status !== 'signedIn') {
      this.sent = null
      this.pending = ''
      this.name = ''
      if (this.state.status === 'signedOut') this.news = ''
      if (!('token' in this.route)) this.#goHome()
    }
    this.state = state
  }

  async #loadSettings(): Promise<void> {
    try {
      this.settings = await accounts.settings()
      this.failure = ''
    } catch (error) {
      this.failure = explain(error).text
    }
  }

  /** Takes the token out of the address bar and the history. */
  #goHome(): void {
    history.replaceState(null, '', '/')
    this.route = readRoute(location)
  }

  readonly #navigated = (): void => {
    this.route = readRoute(location)
    this.sent = null
    this.pending = ''
    this.news = ''
    this.name = ''
  }

  readonly #codeDue = (event: Event): void => {
    // Dispatched by `View.attempt` with a text.
    this.pending = (event as CustomEvent<string>).detail
    this.sent = null
    this.news = ''
    this.#goHome()
  }

  readonly #stepOver = (news: string): void => {
    this.pending = ''
    this.news = news
  }

  readonly #retry = (): void => {
    this.failure = ''
    if (!this.settings) void this.#loadSettings()
    accounts.userChanged()
  }

  readonly #signedUp = (email: string): void => {
    this.sent = { email, about: 'verification' }
  }

  readonly #signUpUnsure = (email: string): void => {
    this.#goHome()
    this.name = email
    this.news = 'You are not signed in yet. If you already have an account with this address, sign in with its password.'
  }

  readonly #askedForLink = (email: string): void => {
    this.sent = { email, about: 'password' }
  }

  readonly #askedForSignIn = (email: string): void => {
    this.sent = { email, about: 'sign-in' }
  }

  readonly #signedIn = (): void => {
    this.news = ''
    this.#goHome()
  }

  readonly #back = (): void => {
    this.sent = null
    this.#goHome()
  }

  readonly #verified = (): void => {
    this.#goHome()
    this.news = this.state.status === 'signedIn' ? 'Your address is confirmed.' : 'Your address is confirmed. You can sign in now.'
  }

  readonly #passwordChanged = (): void => {
    this.#goHome()
    if (this.state.status !== 'signedIn') this.news = 'Your password is set. You can sign in with it now.'
    // A session of before may have ended with it
    else accounts.userChanged()
  }

  readonly #leaving = (news: string | null): void => {
    this.#farewell = news
  }
}
