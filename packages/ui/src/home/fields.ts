import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'

/** One labelled field. */
export interface Field {
  name: string
  label: string
  /** Shown below; a problem takes its place, so that nothing moves. */
  hint?: string | undefined
  problem?: string | undefined
  type?: 'text' | 'email'
  autocomplete: AutoFill
  value?: string
}

/** A field with its label, hint and problem. */
export const field = ({ name, label, hint, problem, type = 'text', autocomplete, value = '' }: Field): TemplateResult => html`
  <div class="field">
    <label for=${name}>${label}</label>
    <input
      id=${name}
      name=${name}
      type=${type}
      .value=${value}
      autocomplete=${autocomplete}
      autocapitalize="none"
      autocorrect="off"
      spellcheck="false"
      required
      aria-invalid=${problem ? 'true' : 'false'}
      aria-describedby="${name}-hint"
    />
    ${below(name, hint, problem)}
  </div>
`

/** A password with a button that shows what was typed. Pasting is welcome. */
export const passwordField = ({ name, label, hint, problem, autocomplete }: Omit<Field, 'type' | 'value'>): TemplateResult => html`
  <div class="field">
    <label for=${name}>${label}</label>
    <div class="with-button">
      <input
        id=${name}
        name=${name}
        type="password"
        autocomplete=${autocomplete}
        autocapitalize="none"
        autocorrect="off"
        spellcheck="false"
        required
        aria-invalid=${problem ? 'true' : 'false'}
        aria-describedby="${name}-hint"
      />
      <button type="button" class="reveal" aria-controls=${name} aria-label="Show ${label.toLowerCase()}" @click=${reveal}>Show</button>
    </div>
    ${below(name, hint, problem)}
  </div>
`

/** A field for a code. */
export interface CodeField {
  label: string
  problem: string | undefined
  /** Six digits, a recovery code, or either. Phones offer the digits from their own app or keyboard. */
  takes: CodeKind
  /** The one thing to do on its screen. */
  first?: boolean
}

export type CodeKind = 'digits' | 'recovery code' | 'either'

export const codeField = ({ label, problem, takes, first = false }: CodeField): TemplateResult => html`
  <div class="field">
    <label for="code">${label}</label>
    <input
      id="code"
      class=${takes === 'digits' ? 'code' : 'code long'}
      name="code"
      type="text"
      inputmode=${takes === 'digits' ? 'numeric' : 'text'}
      autocomplete=${takes === 'recovery code' ? 'off' : 'one-time-code'}
      autocapitalize="characters"
      autocorrect="off"
      spellcheck="false"
      maxlength="40"
      required
      ?autofocus=${first}
      aria-invalid=${problem ? 'true' : 'false'}
      aria-describedby="code-hint"
    />
    ${below('code', takes === 'recovery code' ? 'Like K7QX2M-ADZR3F-7WEHJB-M5TNPC.' : undefined, problem)}
  </div>
`

const ENTER: Readonly<Record<CodeKind, string>> = {
  digits: 'Enter the six digits from the app.',
  'recovery code': 'Enter a recovery code: 24 letters and digits.',
  either: 'Enter the six digits from the app, or a recovery code.',
}

/** What to say when a code cannot be one; spaces and dashes are the server's to pass over. */
export function missingCode(code: string, takes: CodeKind): string | undefined {
  const { length } = code.replaceAll(/[\s-]/g, '')
  const fits = (takes !== 'recovery code' && length === 6) || (takes !== 'digits' && length === 24)
  return fits ? undefined : ENTER[takes]
}

/** Tells password managers whose password a form is about, when no field does. */
export const accountName = (name: string): TemplateResult =>
  html`<input class="hidden" type="text" name="account" autocomplete="username" .value=${name} readonly tabindex="-1" aria-hidden="true" />`

/** The button of a form. Stays where it is and as wide as it is while busy. */
export const submitButton = (label: string, busy: boolean, kind = 'primary'): TemplateResult => html`
  <button type="submit" class=${kind} aria-disabled=${busy ? 'true' : 'false'}>
    <span class="label">${label}</span>
    ${busy ? html`<span class="spinner" role="img" aria-label="Working"></span>` : nothing}
  </button>
`

/** What to say beside a field for a new password. */
export const passwordHint = (least: number): string => `At least ${least} characters. A few words in a row work well.`

/** Counted in code points, as the server does. */
export const isTooShort = (text: string, least: number): boolean => Array.from(text).length < least

export const tooShort = (least: number): string => `Use at least ${least} characters.`

const below = (name: string, hint: string | undefined, problem: string | undefined): TemplateResult =>
  html`<p id="${name}-hint" class=${problem ? 'hint wrong' : 'hint'} aria-live="polite">${problem ?? hint ?? nothing}</p>`

function reveal({ currentTarget }: Event): void {
  const button = currentTarget as HTMLButtonElement
  show(button, button.previousElementSibling?.getAttribute('type') === 'password')
}

/** Hides passwords again, before they are sent: browsers remember what stood in a field for text. */
export function conceal(view: Element): void {
  for (const button of view.querySelectorAll<HTMLButtonElement>('.reveal')) show(button, false)
}

function show(button: HTMLButtonElement, shown: boolean): void {
  const [word, name] = [shown ? 'Hide' : 'Show', button.ariaLabel?.slice('Show '.length) ?? '']
  button.previousElementSibling?.setAttribute('type', shown ? 'text' : 'password')
  button.textContent = word
  button.ariaLabel = `${word} ${name}`
}
