/** What the address of the page asks for. */
export type Route = { readonly name: 'home' | PageName } | { readonly name: LinkName; readonly token: string }

/** The page's own. */
const PAGES = ['create-account', 'email-link', 'forgot-password'] as const
export type PageName = (typeof PAGES)[number]

/** Where links in mails lead. */
const LINKS = ['verify-email', 'reset-password', 'enroll-account', 'magiclink'] as const
export type LinkName = (typeof LINKS)[number]

const isPage = (name: string | undefined): name is PageName => (PAGES as readonly (string | undefined)[]).includes(name)
const isLink = (name: string | undefined): name is LinkName => (LINKS as readonly (string | undefined)[]).includes(name)

/**
 * Reads an address: `/verify-email/<token>` as accounts-js's mails have it, `#/verify-email/<token>` as Meteor's do, and the page's own
 * `#/create-account`, `#/email-link` and `#/forgot-password`. Whatever else it is, is home.
 */
export function readRoute({ pathname, hash }: { pathname: string; hash: string }): Route {
  const [name, token] = (hash.startsWith('#/') ? hash.slice(2) : pathname.slice(1)).split('/')
  if (isLink(name) && token) return { name, token: decode(token) }
  return { name: isPage(name) ? name : 'home' }
}

/** A token that is not well encoded is tried as it stands; the server will say what it thinks of it. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
