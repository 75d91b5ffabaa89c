import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { expect, onTestFinished, test } from 'vitest'
import { Email } from './email.ts'
import type { EmailParts } from './email.ts'
import { knownServer } from './transport.ts'

const MAIL = {
  from: 'Latchkey <no-reply@example.org>',
  to: 'ada@example.org',
  subject: 'This is a subject',
  text: 'This is the body\nof the message',
  headers: { 'X-Meteor-Test': 'a custom header' },
}

/** An `Email`, and what it shows instead of sending. */
function email(parts: Partial<EmailParts> = {}): { email: Email; shown: string[] } {
  const shown: string[] = []
  return { email: new Email(() => ({ production: false, print: text => void shown.push(text), ...parts })), shown }
}

test('without a mail server, a mail is shown between markers, with its headers', async () => {
  const one = email()
  await one.email.sendAsync(MAIL)
  await one.email.sendAsync({ ...MAIL, html: '<p>x</p>' })
  expect(one.shown[0]).toBe(
    [
      '====== BEGIN MAIL #0 ======',
      '(Mail not sent; to enable sending, set the MAIL_URL environment variable.)',
      'From: Latchkey <no-reply@example.org>',
      'To: ada@example.org',
      'Subject: This is a subject',
      'X-Meteor-Test: a custom header',
      '',
      'This is the body',
      'of the message',
      '====== END MAIL #0 ======',
      '',
    ].join('\n'),
  )
  expect(one.shown[1]).toMatch(/BEGIN MAIL #1[^]*<p>x<\/p>\n====== END MAIL #1/)
})

test('in production, a mail that can be sent nowhere is an error', async () => {
  const one = email({ production: true })
  await expect(one.email.sendAsync(MAIL)).rejects.toThrow('set MAIL_URL')
  expect(one.shown).toEqual([])
})

test('a hook that answers something falsy keeps a mail from being sent, and later hooks are not asked', async () => {
  const one = email()
  const asked: string[] = []
  const hook = (name: string, answer: unknown) => (options: { subject?: string }) => {
    asked.push(`${name} ${options.subject}`)
    return answer
  }
  const stopFirst = one.email.hookSend(hook('first', Promise.resolve(false)))
  one.email.hookSend(hook('second', true))
  await one.email.sendAsync(MAIL)
  expect([asked, one.shown]).toEqual([['first This is a subject'], []])
  stopFirst()
  await one.email.sendAsync(MAIL)
  expect(asked).toHaveLength(2)
  expect(one.shown).toHaveLength(1)
})

test('customTransport sends in the place of everything else, with the settings of the mail server', async () => {
  const one = email({ production: true, url: 'smtp://127.0.0.1:1', settings: { user: 'ada' } })
  const sent: unknown[] = []
  one.email.customTransport = options => sent.push(options)
  await one.email.sendAsync(MAIL)
  expect(sent).toEqual([{ ...MAIL, packageSettings: { user: 'ada' } }])
})

test('a service that is known by its name is one server; one that nobody knows is an error', async () => {
  expect(await knownServer('Mailgun')).toEqual({ host: 'smtp.mailgun.org', port: 465, secure: true })
  expect(await knownServer('hotmail')).toMatchObject({ host: 'smtp-mail.outlook.com', port: 587 })
  expect(await knownServer('nobody')).toBeUndefined()
  for (const parts of [{ url: 'nobody://ada:secret@' }, { settings: { service: 'nobody', user: 'ada', password: 'secret' } }])
    await expect(email(parts).email.sendAsync(MAIL)).rejects.toThrow('No mail service is known as "nobody"')
})

test('MAIL_URL names the mail server', async () => {
  const received: string[] = []
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    onData(stream, _session, done) {
      let raw = ''
      stream.on('data', (chunk: Buffer) => (raw += chunk.toString()))
      stream.on('end', () => {
        received.push(raw)
        done()
      })
    },
  })
  server.listen(0, '127.0.0.1')
  onTestFinished(() => new Promise<void>(resolve => server.close(() => resolve())))
  await once(server.server, 'listening')
  const { port } = server.server.address() as AddressInfo
  const one = email({ url: `smtp://127.0.0.1:${port}/?pool=false` })
  await one.email.sendAsync(MAIL)
  expect(received).toHaveLength(1)
  expect(received[0]).toContain('X-Meteor-Test: a custom header')
  expect(received[0]).toContain('Subject: This is a subject')
  expect(one.shown).toEqual([])
})
