/** Headers of the pages this server shows itself. */

/** What a page may load. OWASP ASVS 3.4.3: everything is forbidden but what is named. */
export const PAGE_POLICY: string = policy({
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'connect-src': "'self'",
  'img-src': "'self' data:",
  'font-src': "'self'",
  'manifest-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'self'",
  'frame-ancestors': "'none'",
})

/** The mailbox: like any page, plus frames for the mails. */
export const MAILBOX_POLICY: string = `${PAGE_POLICY}; frame-src 'self'`

/**
 * A mail inside the mailbox. Sandboxed without `allow-scripts` and `allow-same-origin`: whatever is in it can neither run nor read anything;
 * its links open in a new tab.
 */
export const MAIL_POLICY: string = policy({
  sandbox: 'allow-popups allow-popups-to-escape-sandbox',
  'default-src': "'none'",
  'style-src': "'unsafe-inline'",
  'img-src': 'data:',
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'self'",
})

/** One year. Without `includeSubDomains`: other hosts of the domain are not ours to decide about. */
export const STRICT_TRANSPORT: string = 'max-age=31536000'

/** Headers every page carries. */
export function pageHeaders(production: boolean, contentPolicy: string = PAGE_POLICY): Record<string, string> {
  return {
    ...(production ? { 'strict-transport-security': STRICT_TRANSPORT } : {}),
    'content-security-policy': contentPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // Not on mails: a sandboxed document that asks for an opener policy is not shown at all (HTML, 7.1.3).
    ...(contentPolicy === MAIL_POLICY ? {} : { 'cross-origin-opener-policy': 'same-origin' }),
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  }
}

function policy(directives: Record<string, string>): string {
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ')
}
