import { Email } from './email.ts'
import type { EmailSettings } from './options.ts'

/** The `Email` of this process: its mail server is that of the settings `packages.email`, else of `MAIL_URL`; without one, mail is shown on the standard output outside production. */
export function emailOfProcess(settings: () => EmailSettings | undefined = () => undefined): Email {
  return new Email(() => {
    const given = settings()
    return {
      url: process.env['MAIL_URL'],
      ...(given && { settings: given }),
      production: process.env.NODE_ENV === 'production',
      print: text => void process.stdout.write(text),
    }
  })
}
