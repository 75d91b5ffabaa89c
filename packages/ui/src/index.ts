/**
 * The folder of the built home page: `index.html`, and `assets/` with a hash in every name. Serve `index.html` for `/` and for the addresses in mails
 * (`/verify-email/…`, `/reset-password/…`, `/enroll-account/…`, `/magiclink/…`), and the accounts at `/accounts` beside it. The page has no inline script or style and loads nothing from elsewhere.
 * @example
 * import { homeFolder } from '@latchkey/ui'
 * console.log(new URL('index.html', homeFolder()).href)
 */
export const homeFolder = (): URL => new URL('../dist/home/', import.meta.url)
