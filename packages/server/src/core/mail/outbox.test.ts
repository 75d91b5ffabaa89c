import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, newOutboxWorld, SECOND, settled, START } from '../../testing/outbox-world.ts'
import type { OutboxWorld } from '../../testing/outbox-world.ts'

let world: OutboxWorld

beforeEach(async () => {
  world = await newOutboxWorld()
})
afterEach(() => world.close())

const never = (): Promise<never> => new Promise(() => {})

describe('a mail', () => {
  test('is sent soon after the deed, and erased', async () => {
    const outbox = world.outbox()
    outbox.start()
    await world.write(outbox)
    expect(world.sent).toEqual([])
    await world.time.pass(0)
    expect(world.sent).toEqual([
      {
        from: 'no-reply@example.org',
        to: 'ada@example.org',
        subject: 'Choose a new password for example.org',
        text: expect.stringContaining('https://example.org/reset-password/t0ken%2B%2Fsecret\n') as string,
        html: expect.stringContaining('href="https://example.org/reset-password/t0ken%2B%2Fsecret"') as string,
      },
    ])
    expect(await world.store.outbox.size()).toBe(0)
  })

  test('waits without its token in clear, and tells how long the link works', async () => {
    const outbox = world.outbox()
    const mail = outbox.compose('verifyEmail', { to: 'ada@example.org', user: world.user, token: 't0ken', data: { device: 'curl' } })
    expect(JSON.stringify(mail)).not.toContain('t0ken')
    expect(mail).toMatchObject({
      template: 'verifyEmail',
      userId: 'u1',
      tries: 0,
      nextTryAt: START,
      expiresAt: START + 3 * DAY,
      data: { device: 'curl', at: START },
    })
    outbox.start()
    await world.write(outbox)
    await world.time.pass(0)
    expect(world.sent[0]?.text).toContain('until 2026-01-04 00:00 UTC')
  })

  test.each([
    ['verifyEmail', 't', 3 * DAY],
    ['resetPassword', 't', 3 * DAY],
    ['enrollAccount', 't', 30 * DAY],
    ['passwordChanged', undefined, DAY],
    ['newDevice', undefined, DAY],
  ] as const)('%s is tried for as long as it is of use', (template, token, lifetime) => {
    const mail = world.outbox().compose(template, { to: 'ada@example.org', user: world.user, ...(token && { token }) })
    expect(mail.expiresAt - mail.createdAt).toBe(lifetime)
  })

  test('for an address that nobody has is written alike, never sent, and erased', async () => {
    const outbox = world.outbox()
    outbox.start()
    const [real, decoy] = [world.user, null].map(user => outbox.compose('resetPassword', { to: 'ada@example.org', user, token: 't0ken' }))
    expect(decoy).toMatchObject({ template: 'void', userId: null })
    expect(Object.keys(decoy ?? {})).toEqual(Object.keys(real ?? {}))
    expect(decoy?.sealed?.length).toBe(real?.sealed?.length)
    await world.write(outbox, { user: null })
    await world.time.pass(DAY)
    expect([world.sent, await world.store.outbox.size()]).toEqual([[], 0])
  })

  test('that an earlier process left is sent after the start', async () => {
    await world.write(world.outbox())
    await world.time.pass(HOUR)
    expect(world.sent).toHaveLength(0)
    world.outbox().start()
    await world.time.pass(0)
    expect(world.sent).toHaveLength(1)
  })

  test('that was written without a kick is found within ten seconds', async () => {
    const outbox = world.outbox()
    outbox.start()
    await world.time.pass(SECOND)
    await world.store.outbox.add([outbox.compose('newDevice', { to: 'ada@example.org', user: world.user })])
    await world.time.pass(10 * SECOND)
    expect(world.sent).toHaveLength(1)
  })

  test('is sent once, by whichever of two processes claims it', async () => {
    const outboxes = [world.outbox(), world.outbox()]
    outboxes.forEach(outbox => outbox.start())
    await Promise.all(Array.from({ length: 40 }, (_, index) => world.write(outboxes[index % 2] ?? world.outbox())))
    await world.time.pass(HOUR)
    expect(world.sent).toHaveLength(40)
  })
})

describe('what is not sent', () => {
  test.each([
    'ada@example.org, eve@example.org',
    'ada@example.org\r\nBcc: eve@example.org',
    'Ada <ada@example.org>',
    'ada@example.org\0',
    '',
  ])('a mail to what is not one plain address: %j', async to => {
    const outbox = world.outbox()
    outbox.start()
    await world.write(outbox, { to })
    await world.time.pass(MINUTE)
    expect([world.sent, await world.store.outbox.size()]).toEqual([[], 0])
    expect(world.logged[0]).toMatchObject({ level: 'error' })
  })

  test('a mail about a user who was deleted since', async () => {
    const outbox = world.outbox()
    const mail = outbox.compose('newDevice', { to: 'ada@example.org', user: { id: 'gone' } })
    await world.store.outbox.add([mail])
    outbox.start()
    await world.time.pass(MINUTE)
    expect([world.sent, await world.store.outbox.size(), world.logged.filter(({ level }) => level === 'error')]).toEqual([[], 0, []])
  })

  test('a mail whose token was sealed under a secret that is gone; the log names the fix', async () => {
    await world.write(world.outbox({ tokenSecret: 'an earlier secret of thirty-two bytes' }))
    world.outbox().start()
    await world.time.pass(0)
    expect([world.sent, await world.store.outbox.size()]).toEqual([[], 0])
    expect(world.logged[0]).toMatchObject({ level: 'error', message: expect.stringContaining('retiredSecrets') as string })
  })

  test('unless that secret is retired, not gone', async () => {
    await world.write(world.outbox({ tokenSecret: 'an earlier secret of thirty-two bytes' }))
    world.outbox({ retiredSecrets: ['an earlier secret of thirty-two bytes'] }).start()
    await world.time.pass(0)
    expect(world.sent[0]?.text).toContain('t0ken%2B%2Fsecret')
  })

  test('a mail that is too old to be of use by the time somebody looks', async () => {
    await world.write(world.outbox())
    await world.time.pass(4 * DAY)
    world.outbox().start()
    await world.time.pass(MINUTE)
    expect(world.sent).toEqual([])
  })

  test('a token that was moved to another mail', async () => {
    const outbox = world.outbox()
    const [one, two] = ['first', 'second'].map(token => outbox.compose('resetPassword', { to: 'ada@example.org', user: world.user, token }))
    if (!one || !two?.sealed) throw new Error('composed')
    await world.store.outbox.add([{ ...one, sealed: two.sealed }])
    outbox.start()
    await world.time.pass(0)
    expect(world.sent).toEqual([])
  })

  test('anything, while there is no sendMail: one warning says what to do, and the mail waits for a process that can', async () => {
    const mute = world.outbox({ sendMail: null })
    mute.start()
    expect(world.logged).toEqual([])
    for (let count = 0; count < 3; count += 1) await world.write(mute)
    await world.time.pass(HOUR)
    expect(world.logged).toHaveLength(1)
    expect(world.logged[0]).toMatchObject({ level: 'warn', message: expect.stringContaining('set the option sendMail') as string })
    expect(await world.store.outbox.size()).toBe(3)
    await mute.stop()
    world.outbox().start()
    await world.time.pass(MINUTE)
    expect(world.sent).toHaveLength(3)
  })
})

describe('what the app words itself', () => {
  test('prepareMail gets what accounts-js gave it, and its mail is sent as it is', async () => {
    let given: unknown[] = []
    const outbox = world.outbox({
      prepareMail: (...parts) => {
        given = parts
        return { from: parts[5], to: parts[0], subject: 'Mine', text: parts[1] }
      },
      emailTemplates: { from: 'Example <x@example.org>' },
    })
    outbox.start()
    await world.write(outbox)
    await world.time.pass(0)
    const publicUser = expect.objectContaining({ id: 'u1', username: 'ada', deactivated: false }) as unknown
    const template = expect.objectContaining({ subject: expect.any(Function) as unknown }) as unknown
    expect(given).toEqual(['ada@example.org', 't0ken+/secret', publicUser, 'reset-password', template, 'Example <x@example.org>'])
    expect(world.sent).toEqual([{ from: 'Example <x@example.org>', to: 'ada@example.org', subject: 'Mine', text: 't0ken+/secret' }])
  })

  test('prepareMail cannot send to several by accident, and a subject stays on its line', async () => {
    let to = 'ada@example.org, eve@example.org'
    const outbox = world.outbox({ prepareMail: () => ({ from: 'x@example.org', to, subject: 'a\r\nBcc: eve@example.org', text: '' }) })
    outbox.start()
    await world.write(outbox)
    await world.time.pass(0)
    expect(world.sent).toEqual([])
    to = 'Ada <ada@example.org>'
    await world.time.pass(MINUTE)
    expect(world.sent.map(mail => [mail.to, mail.subject])).toEqual([['Ada <ada@example.org>', 'a Bcc: eve@example.org']])
  })

  test('prepareMail cannot put a header into the sender', async () => {
    const from = 'x@example.org\r\nBcc: eve@example.org'
    const outbox = world.outbox({ prepareMail: to => ({ from, to, subject: 'x', text: '' }) })
    outbox.start()
    await world.write(outbox)
    await world.time.pass(0)
    expect(world.sent).toEqual([])
    expect(world.logged[0]).toMatchObject({ level: 'warn' })
  })

  test('a template sees the public user and no more of them', async () => {
    const outbox = world.outbox({ emailTemplates: { newDevice: { text: (user, url, data) => JSON.stringify({ user, url, data }) } } })
    outbox.start()
    await world.write(outbox, { data: { device: 'curl' } }, 'newDevice')
    await world.time.pass(0)
    expect(Object.keys((JSON.parse(world.sent[0]?.text ?? '{}') as { user: object }).user).toSorted()).toEqual(
      ['createdAt', 'deactivated', 'emails', 'id', 'updatedAt', 'username'].toSorted(),
    )
  })
})

describe('stopping', () => {
  test('waits for the mail in hand', async () => {
    let answer: () => void = () => {}
    const outbox = world.outbox({ sendMail: () => new Promise<void>(resolve => (answer = resolve)) })
    outbox.start()
    await world.write(outbox)
    await world.time.pass(0)
    let stopped = false
    const stopping = outbox.stop().then(() => (stopped = true))
    await settled()
    expect(stopped).toBe(false)
    answer()
    await stopping
    expect(await world.store.outbox.size()).toBe(0)
  })

  test('waits ten seconds and no longer; the mail is sent after the next start', async () => {
    const outbox = world.outbox({ sendMail: never })
    outbox.start()
    await world.write(outbox)
    await world.time.pass(0)
    const stopping = outbox.stop()
    await world.time.pass(10 * SECOND)
    await stopping
    expect(world.logged[0]).toMatchObject({ level: 'warn' })
    world.outbox().start()
    await world.time.pass(2 * MINUTE)
    expect(world.sent).toHaveLength(1)
  })

  test('sends what was just written, so that a command may stop at once', async () => {
    const outbox = world.outbox()
    outbox.start()
    await world.write(outbox)
    await outbox.stop()
    expect(world.sent).toHaveLength(1)
  })

  test('sends nothing afterwards, until it is started again', async () => {
    const outbox = world.outbox()
    outbox.start()
    await outbox.stop()
    await outbox.stop()
    await world.write(outbox)
    await world.time.pass(DAY)
    expect([world.sent, world.time.waiting]).toEqual([[], 0])
    outbox.start()
    await world.time.pass(0)
    expect(world.sent).toHaveLength(1)
  })
})
