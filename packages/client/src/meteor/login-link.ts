import type { UserSelector } from './arguments.ts'

/** A link to sign in, from a mail. */
export interface LoginLink {
  selector: string | UserSelector
  token: string
  /** Takes it out of the page's address, so that neither a reload nor a bookmark has it. */
  forget(): void
}

/** What this page was opened with: `?loginToken=<code>&selector=<address>`. Undefined when it is no such link, or there is no page. */
export function readLoginLink(): LoginLink | undefined {
  if (typeof window !== 'object' || !window.location) return undefined
  const { searchParams, pathname } = new URL(window.location.href)
  const [token, selector] = [searchParams.get('loginToken'), searchParams.get('selector')]
  if (!token || !selector) return undefined
  const forget = (): void => window.history.replaceState(window.history.state, '', pathname)
  return { token, selector: readSelector(selector), forget }
}

function readSelector(text: string): string | UserSelector {
  if (!text.startsWith('{')) return text
  try {
    // The server judges whether it names anybody
    return JSON.parse(text) as UserSelector
  } catch {
    return text
  }
}
