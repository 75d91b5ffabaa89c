import { describe, expect, it } from 'vitest'
import type { GivenEmailTemplates } from './core/mail/templates.ts'
import { APP } from './core/origin.ts'
import { AccountsMagicLink } from './strategies/magic-link/index.ts'
import { newWorld, PASSWORD } from './testing/index.ts'
import { cheapPassword } from './testing/generations.ts'
import type { World } from './testing/index.ts'

const NEW_PASSWORD = 'a rather different sentence'
const SITE = 'https://shop.example.org'

/** accounts-js's mails: what makes the server send one, and where its link leads. */
const MAILS = [
  ['verifyEmail', 'verify-email', world => world.server.accounts.sendVerificationEmail('Ada@Example.org', APP)],
  ['resetPassword', 'reset-password', world => world.server.accounts.sendResetPasswordEmail('Ada@Example.org', APP)],
  ['enrollAccount', 'enroll-account', world => world.server.accounts.sendEnrollmentEmail('Ada@Example.org', APP)],
  ['magicLink', 'magiclink', world => world.server.accounts.requestMagicLinkEmail('Ada@Example.org', APP)],
  [
    'passwordChanged',
    undefined,
    async world => {
      const { id } = (await world.server.accounts.lookUp('ada')) ?? { id: '' }
      await world.server.accounts.changePasswordOf(id, PASSWORD, NEW_PASSWORD)
    },
  ],
] as const satisfies readonly (readonly [
  name: keyof GivenEmailTemplates,
  path: string | undefined,
  send: (world: World) => Promise<void>,
])[]

const open = async (emailTemplates: GivenEmailTemplates): Promise<World> => {
  const services = { password: cheapPassword(), magicLink: new AccountsMagicLink() }
  const world = await newWorld({ options: { siteUrl: SITE, emailTemplates }, services })
  await world.createUser('ada')
  return world
}

describe.each(MAILS)('the mail %s', (name, path, send) => {
  it('is worded by its template, comes from its sender, and goes to the address as it is kept', async () => {
    await using world = await open({
      from: 'Shop <hello@shop.example.org>',
      [name]: {
        from: 'Guard <guard@shop.example.org>',
        subject: (user?: { username?: string }) => `For ${user?.username}`,
        text: (user: object, url: string) => `${Object.keys(user).includes('services')} ${url}`,
        html: (_user: object, url: string) => `<a>${url}</a>`,
      },
    })
    await send(world)
    const [mail] = await world.delivered()
    const url = mail?.text.split(' ')[1] ?? ''
    expect(mail).toEqual({
      from: 'Guard <guard@shop.example.org>',
      to: 'ada@example.org',
      subject: 'For ada',
      text: `false ${url}`,
      html: `<a>${url}</a>`,
    })
    expect(url).toMatch(path === undefined ? /^https:\/\/shop\.example\.org$/ : new RegExp(`^${SITE}/${path}/[\\w-]{20,}$`))
  })

  it('comes from the sender of all, and without HTML when its template has none', async () => {
    await using world = await open({ from: 'Shop <hello@shop.example.org>', [name]: { text: () => 'x' } })
    await send(world)
    const [mail] = await world.delivered()
    // What the app does not word is ours.
    const subject = expect.stringContaining('shop.example.org') as unknown
    expect(mail).toMatchObject({ from: 'Shop <hello@shop.example.org>', subject, text: 'x' })
    expect(mail).not.toHaveProperty('html')
  })

  it('has words of ours, and comes from the host of the site, when the app says nothing', async () => {
    await using world = await open({})
    await send(world)
    const [mail] = await world.delivered()
    expect(mail).toMatchObject({ from: 'no-reply@shop.example.org', subject: expect.stringContaining('shop.example.org') as unknown })
    expect(mail?.html).toContain('Hello ada,')
  })
})

it('a mail about a password goes to the first of several addresses, and sooner to one that is verified', async () => {
  await using world = await open({})
  const { id } = (await world.server.accounts.lookUp('ada')) ?? { id: '' }
  const told: (string | undefined)[] = []
  const changeTo = async (before: string, after: string): Promise<void> => {
    await world.delivered()
    world.mails.length = 0
    await world.server.accounts.changePasswordOf(id, before, after)
    told.push(...(await world.delivered()).map(({ to }) => to))
  }
  await world.server.accounts.addEmailOf(id, 'second@example.org', false)
  await changeTo(PASSWORD, NEW_PASSWORD)
  await world.server.accounts.addEmailOf(id, 'third@example.org', true)
  await changeTo(NEW_PASSWORD, PASSWORD)
  expect(told).toEqual(['ada@example.org', 'third@example.org'])
})

it('a password that was reset by a link is told of too', async () => {
  await using world = await open({ passwordChanged: { subject: () => 'It is another now' } })
  await world.server.accounts.sendResetPasswordEmail('ada@example.org', APP)
  await world.server.accounts.resetPassword(await world.tokenFor('ada@example.org'), NEW_PASSWORD, APP)
  expect((await world.delivered()).at(-1)).toMatchObject({ to: 'ada@example.org', subject: 'It is another now' })
})
