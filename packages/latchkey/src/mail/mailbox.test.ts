import { appendFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { newFolder } from '../../testing/world.ts'
import { mailboxPage, mailPage } from '../serve/mailbox-page.ts'
import { Mailbox } from './mailbox.ts'
import { readMailboxAddress } from './mailbox-address.ts'

let folder: string
let close: () => Promise<void>
beforeEach(async () => ({ folder, close } = await newFolder()))
afterEach(() => close())

const mail = (subject: string) => ({ from: 'a@example.org', to: 'b@example.org', subject, text: 'text', html: '<p>html</p>' })

test('mails are listed as they were caught, newest last', async () => {
  const mailbox = new Mailbox(folder, () => new Date('2026-11-22T12:00:00Z'))
  await mailbox.catch(mail('one'))
  await mailbox.catch({ from: 'a@example.org', to: 'b@example.org', subject: 'two', text: 'line\nline' })
  expect(await mailbox.list()).toEqual([
    { ...mail('one'), date: '2026-11-22T12:00:00.000Z' },
    { from: 'a@example.org', to: 'b@example.org', subject: 'two', text: 'line\nline', html: '', date: '2026-11-22T12:00:00.000Z' },
  ])
})

test('two processes share one mailbox, and it outlives both', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, index) => new Mailbox(folder).catch(mail(`mail ${index}`))))
  const subjects = (await new Mailbox(folder).list()).map(({ subject }) => subject)
  expect(new Set(subjects).size).toBe(20)
})

test('only the owner can read caught mail', async () => {
  const own = path.join(folder, 'made')
  await new Mailbox(own).catch(mail('one'))
  expect((await stat(own)).mode & 0o077).toBe(0)
  expect((await stat(path.join(own, 'mailbox.jsonl'))).mode & 0o077).toBe(0)
})

test('a mail cut off by a crash is passed over', async () => {
  const mailbox = new Mailbox(folder)
  await mailbox.catch(mail('whole'))
  await appendFile(path.join(folder, 'mailbox.jsonl'), '{"to":"b@exam\n')
  await mailbox.catch(mail('next'))
  expect((await mailbox.list()).map(({ subject }) => subject)).toEqual(['whole', 'next'])
})

test('a mailbox that has grown large is cut back to its newest mails', async () => {
  const file = path.join(folder, 'mailbox.jsonl')
  const line = (index: number) => `${JSON.stringify({ ...mail(`mail ${index}`), text: 'x'.repeat(10_000) })}\n`
  await writeFile(file, Array.from({ length: 450 }, (_, index) => line(index)).join(''))
  const mailbox = new Mailbox(folder)
  await mailbox.catch(mail('newest'))
  const kept = await mailbox.list()
  expect(kept).toHaveLength(201)
  expect(kept[0]?.subject).toBe('mail 250')
  expect(kept.at(-1)?.subject).toBe('newest')
})

test('nothing anybody writes becomes markup of the mailbox page', () => {
  const nasty = fc.oneof(
    fc.anyText(),
    fc.constantFrom(
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      "' onclick='x",
      '</pre><iframe>',
      'http://x.test/"onclick="x',
    ),
  )
  fc.assert(
    fc.property(nasty, nasty, nasty, (to, subject, text) => {
      const page = mailboxPage([{ to, from: to, subject, text, html: '<p>', date: '2026-11-22T12:00:00.000Z' }])
      const tags = new Set([...page.matchAll(/<([a-z!][a-z0-9]*)/gi)].map(match => match[1]?.toLowerCase()))
      const known = [
        '!doctype',
        'html',
        'head',
        'meta',
        'title',
        'link',
        'script',
        'body',
        'header',
        'h1',
        'p',
        'a',
        'main',
        'details',
        'summary',
        'span',
        'time',
        'div',
        'code',
        'iframe',
        'pre',
      ]
      expect([...tags].filter(tag => tag !== undefined && !known.includes(tag))).toEqual([])
      expect(page.match(/<script/g)).toHaveLength(1)
      expect(page.match(/<iframe/g)).toHaveLength(1)
      expect(page).not.toMatch(/<[^>]*\son\w+=/)
      expect(page).not.toMatch(/href="(?!https?:\/\/|\/|data:,")/)
    }),
  )
})

test('links of a mail can be followed from its text and from its frame', () => {
  const link = 'http://localhost:3000/verify-email/abc?x=1&y=2'
  const caught = { ...mail('Confirm'), text: `Follow ${link}\nThanks`, html: `<a href="${link}">x</a>`, date: '2026-11-22T12:00:00.000Z' }
  const page = mailboxPage([caught])
  expect(page).toContain('<a class="button" href="http://localhost:3000/verify-email/abc?x=1&amp;y=2">')
  expect(page).toContain('>http://localhost:3000/verify-email/abc?x=1&amp;y=2</a>\nThanks')
  expect(mailPage(caught)).toBe(`<base target="_blank"><a href="${link}">x</a>`)
})

test('the newest mail stands first and open; the others can be opened', () => {
  const dated = (subject: string) => ({ ...mail(subject), date: '2026-11-22T12:00:00.000Z' })
  const page = mailboxPage([dated('older'), dated('newer')])
  expect(page.indexOf('newer')).toBeLessThan(page.indexOf('older'))
  expect(page.match(/<details class="mail" open>/g)).toHaveLength(1)
  expect(page).toContain('/dev/mailbox/1.html')
})

test('an empty mailbox says how to fill it', () => {
  expect(mailboxPage([])).toContain('No mail yet')
})

test.each([
  ['a@example.org', { name: '', address: 'a@example.org' }],
  [' Example <a@example.org> ', { name: 'Example', address: 'a@example.org' }],
  ['"Example, Inc." <a@example.org>', { name: 'Example, Inc.', address: 'a@example.org' }],
  ['a@example.org, b@example.org', null],
  ['a@example.org\r\nBcc: b@example.org', null],
  ['Example <a@example.org> <b@example.org>', null],
  ['nonsense', null],
  ['', null],
])('%j is read as %j', (given, expected) => {
  expect(readMailboxAddress(given)).toEqual(expected)
})
