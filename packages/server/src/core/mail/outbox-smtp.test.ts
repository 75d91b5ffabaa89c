import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createTransport } from 'nodemailer'
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newOutboxWorld } from '../../testing/outbox-world.ts'
import type { OutboxWorld } from '../../testing/outbox-world.ts'

let world: OutboxWorld
let smtp: SMTPServer
let port: number
let received: { recipients: string[]; raw: Buffer }[]
/** What the mail server answers to a recipient; null: welcome. */
let refusal: Error | null

beforeEach(async () => {
  world = await newOutboxWorld()
  received = []
  refusal = null
  smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: (_address, _session, answer) => answer(refusal),
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        received.push({ recipients: session.envelope.rcptTo.map(({ address }) => address), raw: Buffer.concat(chunks) })
        done()
      })
    },
  })
  const server = smtp.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // Listening on TCP, so its address is no path.
  port = (server.address() as AddressInfo).port
})

afterEach(async () => {
  await world.close()
  await new Promise<void>(resolve => smtp.close(() => resolve()))
})

/** Time passes until then: the mail server answers in real time. */
async function until(happened: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 20_000
  while (!happened() && performance.now() < giveUpAt) await world.time.pass(1)
}

const outbox = () => {
  const transport = createTransport({ host: '127.0.0.1', port, secure: false })
  return world.outbox({
    sendMail: mail => transport.sendMail(mail),
    emailTemplates: { from: 'Example <no-reply@example.org>' },
  })
}

test('a mail arrives at a real mail server as it was written: one recipient, text and HTML, the link whole', async () => {
  const sending = outbox()
  sending.start()
  await world.write(sending, { to: 'ada@bücher.example', token: 'aZ09_-'.repeat(8) })
  await until(() => received.length > 0)
  const [{ recipients, raw } = { recipients: [], raw: '' }] = received
  const mail = await PostalMime.parse(raw)
  // On the wire it is ASCII; this mail server shows it decoded.
  expect(recipients).toEqual(['ada@bücher.example'])
  expect(mail.from).toMatchObject({ name: 'Example', address: 'no-reply@example.org' })
  expect(mail.subject).toBe('Choose a new password for example.org')
  const link = `https://example.org/reset-password/${'aZ09_-'.repeat(8)}`
  expect(mail.text?.split(/\r?\n/)).toContain(link)
  expect(mail.html).toContain(`href="${link}"`)
})

test('a mail that the server refuses for a while arrives later, once', async () => {
  refusal = Object.assign(new Error('4.2.0 try again later'), { responseCode: 450 })
  const sending = outbox()
  sending.start()
  await world.write(sending)
  await until(() => world.logged.length > 0)
  expect(JSON.stringify(world.logged)).not.toMatch(/ada@|t0ken/)
  refusal = null
  await world.time.pass(30_000)
  await until(() => received.length > 0)
  await world.time.pass(600_000)
  expect(received.map(({ recipients }) => recipients)).toEqual([['ada@example.org']])
})

test('hostile names and addresses reach nobody else', async () => {
  const sending = outbox()
  sending.start()
  for (const to of ['ada@example.org, eve@example.org', 'ada@example.org\r\nBcc: eve@example.org', 'eve@example.org <ada@example.org>']) {
    await world.write(sending, { to })
  }
  await world.write(sending)
  await until(() => received.length > 0)
  expect(received.flatMap(({ recipients }) => recipients)).toEqual(['ada@example.org'])
})
