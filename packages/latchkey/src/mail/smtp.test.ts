import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { afterEach, expect, test } from 'vitest'
import { smtpSender } from './smtp.ts'
import type { MailSender } from './smtp.ts'

interface Received {
  recipients: string[]
  raw: string
}

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A mail server that takes the password `p@ss/word` of `ada`. */
async function mailServer(): Promise<{ port: number; received: Received[]; connections: () => number }> {
  const received: Received[] = []
  let connections = 0
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onConnect(_session, done) {
      connections += 1
      done()
    },
    onAuth({ username, password }, _session, done) {
      if (username === 'ada' && password === 'p@ss/word') done(null, { user: 'ada' })
      else done(new Error('no'))
    },
    onData(stream, session, done) {
      let raw = ''
      stream.on('data', (chunk: Buffer) => (raw += chunk.toString()))
      stream.on('end', () => {
        received.push({ recipients: session.envelope.rcptTo.map(({ address }) => address), raw })
        done()
      })
    },
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  closing.push(() => new Promise<void>(resolve => server.close(() => resolve())))
  return { port: (server.server.address() as AddressInfo).port, received, connections: () => connections }
}

function senderFor(port: number, user = 'ada:p%40ss%2Fword@'): MailSender {
  const sender = smtpSender(`smtp://${user}127.0.0.1:${port}`)
  closing.unshift(() => sender.close())
  return sender
}

const MAIL = {
  from: 'Latchkey Ünlimited <no-reply@example.org>',
  to: 'ada@example.org',
  subject: 'Grüße',
  text: 'text',
  html: '<p>html</p>',
}

test('a mail arrives with both parts, signed in with a percent-encoded password', async () => {
  const { port, received } = await mailServer()
  await senderFor(port).send(MAIL)
  expect(received[0]?.recipients).toEqual(['ada@example.org'])
  const parsed = await PostalMime.parse(received[0]?.raw ?? '')
  expect(parsed).toMatchObject({ subject: 'Grüße', from: { name: 'Latchkey Ünlimited', address: 'no-reply@example.org' } })
  expect([parsed.text?.trim(), parsed.html?.trim()]).toEqual(['text', '<p>html</p>'])
  expect(parsed.headers.find(({ key }) => key === 'auto-submitted')?.value).toBe('auto-generated')
})

test('connections are reused', async () => {
  const { port, received, connections } = await mailServer()
  const sender = senderFor(port)
  for (let count = 0; count < 5; count++) await sender.send(MAIL)
  expect(received).toHaveLength(5)
  expect(connections()).toBe(1)
})

test.each(['ada@example.org\r\nBcc: eve@example.org', 'ada@example.org\nRCPT TO:<eve@example.org>'])('%j reaches nobody', async to => {
  const { port, received } = await mailServer()
  await expect(senderFor(port).send({ ...MAIL, to })).rejects.toThrow('is not one mail address')
  expect(received).toEqual([])
})

test('a list of recipients does not become several', async () => {
  const { port, received } = await mailServer()
  await senderFor(port)
    .send({ ...MAIL, to: 'ada@example.org, eve@example.org' })
    .catch(() => {})
  expect(received.flatMap(({ recipients }) => recipients)).not.toContain('eve@example.org')
})

test('verify tells whether the mail server lets us in', async () => {
  const { port } = await mailServer()
  await senderFor(port).verify()
  await expect(senderFor(port, 'ada:wrong@').verify()).rejects.toThrow(/Invalid login/)
  await expect(senderFor(1).verify()).rejects.toThrow(/ECONNREFUSED/)
})
