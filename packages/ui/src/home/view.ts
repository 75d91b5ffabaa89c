import { AccountsClientError } from '@latchkey/client'
import { html, LitElement, nothing } from 'lit'
import type { PropertyDeclarations, TemplateResult } from 'lit'
import { explain } from './explain.ts'
import type { Problem } from './explain.ts'
import { conceal } from './fields.ts'

/** Said when a sign-in, of whatever kind, needs a code next; `detail` is the pending login. */
export const CODE_DUE = 'code-due'

function pendingIn(error: unknown): string | undefined {
  const pending = error instanceof AccountsClientError && error.code === 'TwoFactorRequired' ? error.details?.['pending'] : undefined
  return typeof pending === 'string' ? pending : undefined
}

/**
 * A part of the page that does something on demand: it can be busy, and something can have gone wrong. Drawn without a shadow root, so that password managers see
 * its fields and the one style sheet applies.
 */
export abstract class View extends LitElement {
  static override properties: PropertyDeclarations = { busy: { state: true }, problem: { state: true }, done: { state: true } }
  /** What is under way: the name of the button, for views with several. Empty: nothing. */
  declare protected busy: string
  declare protected problem: Problem | null
  /** What was achieved last, to be shown and read out. */
  declare protected done: string

  constructor() {
    super()
    this.busy = ''
    this.problem = null
    this.done = ''
  }

  protected override createRenderRoot(): this {
    return this
  }

  /** Does one thing at a time; what goes wrong is explained beside the field it concerns, or above the button. */
  protected async attempt(work: () => Promise<void>, special?: Record<string, Problem>, name = 'main'): Promise<void> {
    if (this.busy) return
    conceal(this)
    this.busy = name
    this.problem = null
    this.done = ''
    try {
      await work()
    } catch (error) {
      const pending = pendingIn(error)
      if (pending !== undefined) return void this.dispatchEvent(new CustomEvent(CODE_DUE, { detail: pending, bubbles: true }))
      // A fault of this page: whoever builds it should see it
      if (!(error instanceof AccountsClientError)) console.error(error)
      await this.refuse(explain(error, special))
    } finally {
      this.busy = ''
    }
  }

  /** Shows a problem and puts the cursor where it can be solved. */
  protected async refuse(problem: Problem): Promise<void> {
    this.problem = problem
    await this.updateComplete
    if (problem.field) this.querySelector<HTMLInputElement>(`input[name="${CSS.escape(problem.field)}"]`)?.focus()
  }

  /** A field of the form that was just sent. */
  protected entered(name: string): string {
    return this.querySelector<HTMLInputElement>(`input[name="${CSS.escape(name)}"]`)?.value ?? ''
  }

  protected problemOf(field: string): string | undefined {
    return this.problem?.field === field ? this.problem.text : undefined
  }

  /** The problem, unless one of these fields shows it. */
  protected notice(...fields: string[]): TemplateResult {
    const problem = this.problem && !fields.includes(this.problem.field ?? '') ? this.problem : null
    return html`<div class="notice" role="alert">${problem ? html`<p>${problem.text}</p>` : nothing}</div>`
  }

  /** What was achieved, read out politely. */
  protected news(): TemplateResult {
    return html`<div class="news" role="status">${this.done ? html`<p>${this.done}</p>` : nothing}</div>`
  }
}
