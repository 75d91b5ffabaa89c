import { magicLink } from '../accounts.ts'
import { AskForMail } from './ask-for-mail.ts'
import type { AskForMailWords } from './ask-for-mail.ts'

/** Asking for a link that signs in. */
export class EmailLink extends AskForMail {
  protected override readonly words: AskForMailWords = {
    title: 'Sign in with a link',
    lead: 'Tell us your e-mail address, and we send you a link that signs you in. No password needed.',
    send: 'Email me a sign-in link',
    rather: 'Rather use your password?',
  }

  protected override send(email: string): Promise<void> {
    return magicLink.requestMagicLinkEmail(email)
  }
}
