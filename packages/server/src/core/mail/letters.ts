/** What our own mails say. */
import type { PublicUser } from '@latchkey/common'
import type { Letter } from './letter.ts'
import { maskAddress } from './safe-mail.ts'
import type { MailData, TemplateName } from './templates.ts'

/** Writes one kind of letter. The user is missing only where accounts-js's callers ask for a subject alone. */
export type WriteLetter = (user: PublicUser | undefined, url: string, data: MailData) => Letter

/** One letter for each mail. */
export const LETTERS: Readonly<Record<TemplateName, WriteLetter>> = {
  verifyEmail: (user, url, data) => ({
    ...to(user, url),
    subject: `Confirm your address for ${siteOf(url)}`,
    paragraphs: ['Please confirm that this address is yours. It takes one click.'],
    button: { label: 'Confirm address', url },
    notes: [lifeOfLink(data), 'If this was not you, you need not do anything: somebody probably mistyped their own address.'],
  }),

  resetPassword: (user, url, data) => ({
    ...to(user, url),
    subject: `Choose a new password for ${siteOf(url)}`,
    paragraphs: ['Forgotten your password? Choose a new one here.'],
    button: { label: 'Choose a new password', url },
    notes: [lifeOfLink(data), 'If you did not ask for this, you need not do anything: your password stays as it is.'],
  }),

  enrollAccount: (user, url, data) => ({
    ...to(user, url),
    subject: `Your account at ${siteOf(url)}`,
    paragraphs: ['An account has been made for you. Choose a password, and it is ready.'],
    button: { label: 'Choose a password', url },
    notes: [lifeOfLink(data), 'If you did not expect this, you need not do anything.'],
  }),

  magicLink: (user, url, data) => ({
    ...to(user, url),
    subject: `Sign in to ${siteOf(url)}`,
    paragraphs: ['Here is your link to sign in.'],
    button: { label: 'Sign in', url },
    notes: [lifeOfLink(data), 'If you did not ask for this, you need not do anything. Do not pass the link on: it opens your account.'],
  }),

  loginCode: (user, url, data) => ({
    ...to(user, url),
    subject: `${codeIn(data)} is your code for ${siteOf(url)}`,
    paragraphs: [`Your code to sign in: ${codeIn(data)}`],
    button: { label: `Open ${siteOf(url)}`, url },
    notes: [lifeOf('code', data), 'If you did not ask for this, you need not do anything. Tell the code to nobody: it opens your account.'],
  }),

  passwordChanged: (user, url, data) => ({
    ...to(user, url),
    subject: `Your password for ${siteOf(url)} was changed`,
    paragraphs: [passwordChange(data), ...circumstances(data)],
    button: { label: `Open ${siteOf(url)}`, url },
    notes: [
      data.change === 'removed'
        ? 'If you set it yourself, choose it anew with "Forgot your password?" on the sign-in page.'
        : 'If this was you, all is well. If not, choose a new password at once with "Forgot your password?" on the sign-in page.',
    ],
  }),

  emailChanged: (user, url, data) => ({
    ...to(user, url),
    subject: `The e-mail addresses of your account at ${siteOf(url)} have changed`,
    paragraphs: [addressChange(data), ...circumstances(data)],
    button: { label: `Open ${siteOf(url)}`, url },
    notes: ['If this was you, all is well. If not, sign in, change your password, and put the addresses right.'],
  }),

  alreadyRegistered: (user, url, data) => ({
    ...to(user, url),
    subject: `You already have an account at ${siteOf(url)}`,
    paragraphs: [
      'Somebody just tried to create an account with this address, but you have one already. If it was you, simply sign in.',
      ...circumstances(data),
    ],
    button: { label: `Open ${siteOf(url)}`, url },
    notes: ['Forgotten your password? Choose a new one on the sign-in page. If it was not you, you need not do anything.'],
  }),

  newDevice: (user, url, data) => ({
    ...to(user, url),
    subject: `New sign-in to ${siteOf(url)}`,
    paragraphs: ['Your account was just signed in to from a device we have not seen before.', ...circumstances(data)],
    button: { label: 'See your devices', url },
    notes: ['If this was you, all is well. If not, sign that device out and change your password now.'],
  }),

  twoFactorChanged: (user, url, data) => {
    const [subject, news] = TWO_FACTOR[String(data['change'])] ?? ['Two-factor authentication', 'Your second factor was just changed.']
    return {
      ...to(user, url),
      subject: `${subject} at ${siteOf(url)}`,
      paragraphs: [news, ...codesLeft(data), ...circumstances(data)],
      button: { label: `Open ${siteOf(url)}`, url },
      notes: ['If this was you, all is well. If not, change your password at once: somebody else knows it, or has one of your devices.'],
    }
  },

  accountLinked: (user, url, data) => ({
    ...to(user, url),
    subject: `The ways to sign in to ${siteOf(url)} have changed`,
    paragraphs: [providerChange(data), ...circumstances(data)],
    button: { label: `Open ${siteOf(url)}`, url },
    notes: ['If this was you, all is well. If not, sign in, change your password, and look through the ways to sign in.'],
  }),
}

/** What happened to the second factor, by the audit line of that name. */
const TWO_FACTOR: Readonly<Record<string, readonly [subject: string, news: string]>> = {
  'two-factor-enabled': [
    'Two-factor authentication is on',
    'Two-factor authentication was just switched on. From now on signing in takes a code from your authenticator app.',
  ],
  'two-factor-disabled': [
    'Two-factor authentication is off',
    'Two-factor authentication was just switched off. From now on signing in takes no code any more.',
  ],
  'recovery-codes-replaced': [
    'You have new recovery codes',
    'New recovery codes were just made for your account. The earlier ones no longer work.',
  ],
  'recovery-code-used': [
    'A recovery code was used',
    'One of your recovery codes was just used in place of a code from your authenticator app.',
  ],
}

const to = (user: PublicUser | undefined, url: string): { name: string | undefined; site: string } => ({
  name: greetable(user?.username),
  site: siteOf(url),
})

/** Missing only where a text is asked for without a mail. */
const codeIn = ({ code }: MailData): string => (typeof code === 'string' ? code : '…')

// Anybody can register a stranger's address under any name. A name of one plain word cannot smuggle a message or a link into a mail that we send.
const greetable = (username: string | undefined): string | undefined =>
  username && /^[\p{L}\p{M}\p{N}_-]{1,32}$/u.test(username) ? username : undefined

function siteOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host.replace(/^www\./, '') : 'our site'
}

const lifeOfLink = (data: MailData): string => lifeOf('link', data)

function lifeOf(what: 'link' | 'code', { expiresAt }: MailData): string {
  return typeof expiresAt === 'number' ? `The ${what} works once, until ${timeOf(expiresAt)}.` : `The ${what} works once.`
}

/** When, on what, from where: as far as it is known. */
function circumstances({ at, device, ip }: MailData): string[] {
  const known = [
    typeof at === 'number' ? `When: ${timeOf(at)}` : '',
    typeof device === 'string' && device ? `Device: ${device}` : '',
    typeof ip === 'string' && ip ? `Network address: ${ip}` : '',
  ].filter(Boolean)
  return known.length > 0 ? [known.join(' · ')] : []
}

function codesLeft({ left }: MailData): string[] {
  if (typeof left !== 'number') return []
  return left === 0 ? ['That was the last one. Make new ones now.'] : [`${left} of them ${left === 1 ? 'is' : 'are'} left.`]
}

function providerChange({ provider, change }: MailData): string {
  const which = typeof provider === 'string' ? ` at ${provider}` : ' elsewhere'
  if (change === 'unlinked') return `Your account${which} no longer signs in to your account here.`
  return `An account${which} was linked to your account here. From now on it signs in.`
}

function passwordChange({ change }: MailData): string {
  if (change !== 'removed') return 'The password of your account was just changed.'
  return 'You just signed in with a link and so showed that this address is yours. The password set before that was removed: it may have been set by somebody else.'
}

function addressChange({ address, change }: MailData): string {
  // In part only: the mail may go to an address that somebody else reads by now.
  const which = typeof address === 'string' ? maskAddress(address) : 'an address'
  if (change === 'added') return `An address was added to your account: ${which}.`
  if (change === 'removed') return `An address was removed from your account: ${which}.`
  return `The address of your account was changed to ${which}.`
}

const timeOf = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
