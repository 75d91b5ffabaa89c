import { password } from '../accounts.ts'
import { AskForMail } from './ask-for-mail.ts'
import type { AskForMailWords } from './ask-for-mail.ts'

/** Asking for a link to choose a new password. */
export class ForgotPassword extends AskForMail {
  protected override readonly words: AskForMailWords = {
    title: 'Forgot your password?',
    lead: 'Tell us your e-mail address, and we send you a link to choose a new one.',
    send: 'Send the link',
    rather: 'Remembered it?',
  }

  protected override send(email: string): Promise<void> {
    return password.requestPasswordReset(email)
  }
}
