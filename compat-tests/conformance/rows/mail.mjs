const FLOWS = 'packages/server/src/core/flows'
const RENDER = 'packages/server/src/core/mail/render.ts'
const TEMPLATES = 'packages/server/src/core/mail/templates.ts'
const URLS = 'packages/server/src/core/mail/urls.ts'

const mailed = /** @param {string} title */ title => ({ file: 'packages/server/src/accounts-server-mail.test.ts', title })
const template = /** @param {string} title */ title => ({ file: 'packages/server/src/core/mail/templates.test.ts', title })
const outbox = /** @param {string} title */ title => ({ file: 'packages/server/src/core/mail/outbox.test.ts', title })
const url = /** @param {string} title */ title => ({ file: 'packages/server/src/core/mail/urls.test.ts', title })

const render = /** @param {string} from @param {string} to */ (from, to) => ({ file: RENDER, from, to })
const merge = /** @param {string} from @param {string} to */ (from, to) => ({ file: TEMPLATES, from, to })

const WORDED = 'is worded by its template, comes from its sender, and goes to the address as it is kept'
const PLAIN = 'comes from the sender of all, and without HTML when its template has none'
const OURS = 'has words of ours, and comes from the host of the site, when the app says nothing'
const PARTS = 'replace ours part by part, and see user, link and data'
const PREPARED = 'prepareMail gets what accounts-js gave it, and its mail is sent as it is'
const FIRST = 'a mail about a password goes to the first of several addresses, and sooner to one that is verified'

const MAILS = /** @type {const} */ ([
  ['verifyEmail', `${FLOWS}/verify-email.ts`, "compose('verifyEmail'"],
  ['resetPassword', `${FLOWS}/recover.ts`, "'resetPassword'"],
  ['enrollAccount', `${FLOWS}/recover.ts`, "'enrollAccount'"],
  ['passwordChanged', `${FLOWS}/change-password.ts`, "compose('passwordChanged'"],
  ['magicLink', `${FLOWS}/request-magic-link.ts`, "compose('magicLink'"],
])

const PATHS = /** @type {const} */ ([
  ['verifyEmail', 'verify-email'],
  ['resetPassword', 'reset-password'],
  ['enrollAccount', 'enroll-account'],
  ['magicLink', 'magiclink'],
])

/** @type {import('../row.d.ts').Chapter} */
export const mail = {
  title: 'Mail',
  rows: [
    ...MAILS.map(([name, file, from]) => ({
      item: `emailTemplates.${name}`,
      proof: mailed(WORDED),
      off: { file, from, to: from.replace(name, 'newDevice') },
    })),
    ...PATHS.map(([name, path]) => ({
      item: `link of ${name}: <siteUrl>/${path}/<token>`,
      proof: url('leads to'),
      off: { file: URLS, from: `${name}: '${path}',`, to: '' },
    })),
    {
      item: 'link of passwordChanged: <siteUrl>',
      proof: url('without a token there is nothing to lead to but the site'),
      off: { file: URLS, from: "if (fragment === undefined || token === '') return", to: 'if (fragment === undefined) return' },
    },
    {
      item: 'passwordChanged after a reset',
      proof: mailed('a password that was reset by a link is told of too'),
      off: { file: `${FLOWS}/recover.ts`, from: "compose('passwordChanged'", to: "compose('newDevice'" },
    },
    {
      item: 'passwordChanged goes to the first address of the user',
      note: 'or to one that is verified',
      proof: mailed(FIRST),
      off: {
        file: `${FLOWS}/change-password.ts`,
        from: '(user.emails.find(email => email.verified) ?? user.emails[0])?.address',
        to: 'user.emails.at(-1)?.address',
      },
    },
    { item: 'emailTemplates.from', proof: mailed(PLAIN), off: render('template.from || emailTemplates.from ||', 'template.from ||') },
    {
      item: 'emailTemplates.from: default',
      note: '`no-reply` at the host of `siteUrl`',
      proof: mailed(OURS),
      off: render('emailTemplates.from || defaultSender(settings.siteUrl)', 'emailTemplates.from'),
    },
    { item: 'template.from', proof: mailed(WORDED), off: render('template.from || emailTemplates.from ||', 'emailTemplates.from ||') },
    {
      item: 'template.subject(user)',
      proof: template(PARTS),
      off: merge('given.subject?.bind(given) ?? ours.subject', 'ours.subject'),
    },
    { item: 'template.text(user, url)', proof: template(PARTS), off: merge('given.text?.bind(given) ?? ours.text', 'ours.text') },
    {
      item: 'template.html(user, url)',
      proof: mailed(WORDED),
      off: merge('given.html?.bind(given) ?? (given.text', '(given.text'),
    },
    {
      item: 'template.html: none',
      note: 'the mail is plain text',
      proof: mailed(PLAIN),
      off: merge('(given.text ? undefined : ours.html)', 'ours.html'),
    },
    {
      item: 'templates are merged part by part',
      proof: mailed(PLAIN),
      off: merge('given.subject?.bind(given) ?? ours.subject', "given.subject?.bind(given) ?? (given.text ? () => '' : ours.subject)"),
    },
    {
      item: 'templates of our own where the app has none',
      proof: mailed(OURS),
      off: merge('html: (user, url, data) => toHtml(write(user, url, data)),', "html: () => '',"),
    },
    {
      item: 'templates are handed the sanitised user',
      proof: outbox('a template sees the public user and no more of them'),
      off: {
        file: 'packages/server/src/core/mail/outbox.ts',
        from: 'toPublicUser(settings, user), token)',
        to: 'user as never, token)',
      },
    },
    {
      item: 'the mail object: { from, to, subject, text, html }',
      proof: mailed(WORDED),
      off: render('text: template.text(user, url, data),', 'body: template.text(user, url, data),'),
    },
    {
      item: 'prepareMail: its object is sent as it is',
      proof: outbox(PREPARED),
      off: render('const written: Mail = prepareMail\n', 'const written: Mail = prepareMail && false\n'),
    },
    {
      item: 'prepareMail: (to, token, user, pathFragment, emailTemplate, from)',
      proof: outbox(PREPARED),
      off: render("prepareMail(to, token, user, FRAGMENTS[name] ?? '', template, from)", "prepareMail(to, token, user, '', template, '')"),
    },
    {
      item: 'sendMail is waited for, and its failure is not lost',
      note: 'outside the request: the mail is tried again',
      proof: {
        file: 'packages/server/src/core/mail/outbox-sending.test.ts',
        title: 'the mail is tried again, each time after about twice the wait',
      },
      off: {
        file: 'packages/server/src/core/mail/outbox.ts',
        from: 'await this.#within(TIMEOUT, settings.sendMail(written))',
        to: 'void settings.sendMail(written).catch(() => {})',
      },
    },
  ],
}
