import type { PublicUser } from '@latchkey/common'
import { describe, expect, test } from 'vitest'
import { mergeTemplates, TEMPLATE_NAMES } from './templates.ts'
import type { GivenEmailTemplates } from './templates.ts'

const user: PublicUser = { id: 'u1', username: 'ada', emails: [{ address: 'ada@example.org', verified: true }], deactivated: false }
const url = 'https://www.example.org/verify-email/t'
const data = {
  at: Date.UTC(2026, 10, 21, 14, 3),
  expiresAt: Date.UTC(2026, 10, 24, 14, 3),
  device: 'Firefox on Linux',
  ip: '203.0.113.7',
  address: 'new@example.net',
}

describe('our texts', () => {
  test.each(TEMPLATE_NAMES)('%s: text and HTML say the same, both with the link', name => {
    const template = mergeTemplates()[name]
    const [text, page] = [template.text(user, url, data), template.html?.(user, url, data) ?? '']
    const words = page
      .replace(/<style>.*?<\/style>|<title>.*?<\/title>/gs, '')
      .replace(/<[^>]*>/g, '\n')
      .replaceAll('&quot;', '"')
    for (const paragraph of text
      .split('\n\n')
      .slice(1, -1)
      .flatMap(part => part.split(/:\n/)))
      expect(words).toContain(paragraph)
    expect(text).toContain(url)
    expect(page).toContain(`href="${url}"`)
    expect(text).toMatch(/^Hello ada,/)
    expect(template.subject(user, url, data)).toMatch(/^[^\n]*example\.org/)
    expect(page).toContain(`<title>${template.subject(user, url, data)}</title>`)
  })

  test.each(TEMPLATE_NAMES)('%s: needs neither data nor a name', name => {
    const template = mergeTemplates()[name]
    const { username: _, ...nameless } = user
    const text = template.text(nameless, url, {})
    expect(text).toMatch(/^Hello,\n/)
    expect(`${text}${template.html?.(nameless, url, {})}`).not.toMatch(/undefined|NaN|null|\[object/)
    expect(template.subject()).toContain('our site')
  })

  test('a link says how long it works', () => {
    expect(mergeTemplates().resetPassword.text(user, url, data)).toContain('The link works once, until 2026-11-24 14:03 UTC.')
  })

  test.each(['newDevice', 'passwordChanged', 'alreadyRegistered', 'emailChanged'] as const)(
    '%s says when, on what and from where',
    name => {
      expect(mergeTemplates()[name].text(user, url, data)).toContain(
        'When: 2026-11-21 14:03 UTC · Device: Firefox on Linux · Network address: 203.0.113.7',
      )
    },
  )

  test('emailChanged says what changed, without the whole of an address that the reader may not know', () => {
    const { emailChanged } = mergeTemplates()
    const texts = ['added', 'removed', 'replaced'].map(change => emailChanged.text(user, url, { ...data, change }))
    expect(texts[0]).toContain('An address was added to your account: n…@example.net.')
    expect(texts[1]).toContain('An address was removed from your account: n…@example.net.')
    expect(texts[2]).toContain('was changed to n…@example.net.')
  })

  test.each(['Visit https://evil.example', 'evil.example', 'You won! Call 555', '<b>ada</b>', 'a'.repeat(33)])(
    'a name that could carry a message is not greeted: %s',
    username => {
      const template = mergeTemplates().verifyEmail
      expect(template.text({ ...user, username }, url, {})).not.toContain(username)
      expect(template.html?.({ ...user, username }, url, {})).not.toContain(username)
    },
  )
})

describe('texts of the app', () => {
  test('replace ours part by part, and see user, link and data', () => {
    const given: GivenEmailTemplates = {
      from: 'Example <no-reply@example.org>',
      newDevice: {
        from: 'alarm@example.org',
        subject: () => 'Oh!',
        text: (who, link, about) => `${who.id} ${link} ${String(about.device)}`,
      },
    }
    const { from, newDevice, verifyEmail } = mergeTemplates(given)
    expect([from, newDevice.from, newDevice.subject(), newDevice.text(user, url, data)]).toEqual([
      'Example <no-reply@example.org>',
      'alarm@example.org',
      'Oh!',
      `u1 ${url} Firefox on Linux`,
    ])
    expect(verifyEmail.text(user, url, data)).toBe(mergeTemplates().verifyEmail.text(user, url, data))
  })

  test('a text without HTML is sent as text alone, so that our words never stand beside it', () => {
    expect(mergeTemplates({ verifyEmail: { text: () => 'x' } }).verifyEmail).not.toHaveProperty('html')
    expect(mergeTemplates({ verifyEmail: { text: () => 'x', html: () => '<p>x' } }).verifyEmail.html?.(user, url, {})).toBe('<p>x')
    expect(mergeTemplates({ verifyEmail: { subject: () => 'x' } }).verifyEmail).toHaveProperty('html')
  })

  test('of one server never show in another', () => {
    const first = mergeTemplates({ from: 'one@example.org', verifyEmail: { subject: () => 'one' } })
    const second = mergeTemplates()
    expect([second.from, second.verifyEmail.subject()]).not.toContain('one')
    expect(second.verifyEmail).not.toBe(first.verifyEmail)
    expect(Object.isFrozen(second)).toBe(true)
  })

  test('may be methods that use each other', () => {
    class Words {
      readonly #site = 'Example'
      subject() {
        return `Welcome to ${this.#site}`
      }
    }
    expect(mergeTemplates({ verifyEmail: new Words() }).verifyEmail.subject()).toBe('Welcome to Example')
  })

  test.each([
    [{ verifyMail: {} }, /"emailTemplates\.verifyMail"/],
    [{ verifyEmail: { body: () => '' } }, /"emailTemplates\.verifyEmail\.body"/],
    [{ verifyEmail: { subject: 'Welcome' } }, /emailTemplates\.verifyEmail\.subject must be a function/],
    [{ from: 'a@example.org\r\nBcc: b@example.org' }, /emailTemplates\.from must be/],
    [{ verifyEmail: { from: 'a\0' } }, /emailTemplates\.verifyEmail\.from must be/],
    [{ from: 7 }, /emailTemplates\.from must be/],
  ])('%j refuses to start', (given, message) => {
    expect(() => mergeTemplates(given as GivenEmailTemplates)).toThrow(
      expect.objectContaining({ code: 'InvalidSettings', message: expect.stringMatching(message) as string }),
    )
  })
})
