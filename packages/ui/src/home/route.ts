/** What the address of the page asks for. */
export type Route = { readonly name: 'home' | 'create-account' | 'forgot-password' } | { readonly name: LinkName; readonly token: string }

/** Where links in mails lead. */
const LINKS = ['verify-email', 'reset-password', 'enroll-account'] as const
export type LinkName = (typeof LINKS)[number]

const isLink = (name: string | undefined): name is LinkName => (LINKS as readonly (string | undefined)[]).includes(name)

/**
 * Reads an address: `/verify-email/<token>` as accounts-js's mails have it, `#/verify-email/<token>` as Meteor's do, and the page's own
 * `#/create-account` and `#/forgot-password`. Whatever else it is, is home.
 */
export function readRoute({ pathname, hash }: { pathname: string; hash: string }): Route {
  const [name, token] = (hash.startsWith('#/') ? hash.slice(2) : pathname.slice(1)).split('/')
  if (isLink(name) && token) return { name, token: decode(token) }
  return { name: name === 'create-account' || name === 'forgot-password' ? name : 'home' }
}

/** A token that is not well encoded is tried as it stands; the server will say what it thinks of it. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
