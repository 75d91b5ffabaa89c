import { expect, test } from 'vitest'
import * as fc from '../../../../../tools/test/properties.ts'
import { html, toHtml, toText } from './letter.ts'
import type { Letter } from './letter.ts'

const letter = (over: Partial<Letter> = {}): Letter => ({
  subject: 'Confirm your address',
  name: 'ada',
  paragraphs: ['Please confirm.'],
  button: { label: 'Confirm', url: 'https://example.org/verify-email/t' },
  notes: ['The link works once.'],
  site: 'example.org',
  ...over,
})

test('what is put into html is escaped; what html made is not', () => {
  expect(html`<p title="${'"&\''}">${'<b>'}${html`<i>${'&'}</i>`}${[html`<u></u>`, html`<s></s>`]}</p>`.toString()).toBe(
    '<p title="&quot;&amp;&#39;">&lt;b&gt;<i>&amp;</i><u></u><s></s></p>',
  )
})

test('the text has the link on a line of its own', () => {
  expect(toText(letter())).toBe(
    'Hello ada,\n\nPlease confirm.\n\nConfirm:\nhttps://example.org/verify-email/t\n\nThe link works once.\n\n-- \nexample.org\n',
  )
})

test('the HTML has one button, the link in clear, colours for the dark, and nothing remote', () => {
  const page = toHtml(letter())
  expect(page.match(/<a\s/g)).toHaveLength(2)
  expect(page).toContain('>https://example.org/verify-email/t</a>')
  expect(page).toContain('prefers-color-scheme: dark')
  expect(page).not.toMatch(/<(?:img|script|link|iframe)|url\(|@import/)
})

test('a letter without a button has no link', () => {
  const { button: _, ...plain } = letter()
  expect(toHtml(plain)).not.toMatch(/<a\s/)
})

test('no text of a letter gets out of its place', () => {
  const hostile = fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', 'a', ' ', '<script>', '{{x}}', '</p>') })
  const bones = (page: string): string[] => page.match(/<[^>]*>/g) ?? []
  fc.assert(
    fc.property(hostile, hostile, hostile, hostile, hostile, (subject, name, paragraph, label, site) => {
      const page = toHtml(
        letter({
          subject,
          name,
          paragraphs: [paragraph],
          notes: [paragraph],
          button: { label, url: 'https://example.org/verify-email/t' },
          site,
        }),
      )
      expect(bones(page)).toEqual(bones(toHtml(letter())))
    }),
  )
})

test('a link cannot leave its attribute', () => {
  expect(toHtml(letter({ button: { label: 'x', url: 'https://example.org/"><script>' } }))).not.toContain('<script>')
})
