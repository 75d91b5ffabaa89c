/** Links to sign in, over HTTP, on every store: once, the newest alone, and not after what voids them. */
import { AccountsMagicLink } from '@latchkey/server/strategies/magic-link'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { post } from './support/call.ts'
import { startServer } from './support/server.ts'
import type { RunningStory } from './support/server.ts'
import { STORES } from './support/stores.ts'
import { PASSWORD, UNLIMITED } from './support/visitor.ts'

for (const { name, here } of STORES) {
  describe.skipIf(!here)(`links to sign in, on ${name}`, () => {
    let story: RunningStory
    beforeAll(async () => {
      story = await startServer(name, UNLIMITED, { services: { magicLink: new AccountsMagicLink() } })
    })
    afterAll(() => story?.close())

    const redeem = (token: string) => post(story.url, 'magicLink/authenticate', { token })
    async function linkTo(address: string): Promise<string> {
      const before = story.mails.length
      await post(story.url, 'magiclink/requestMagicLinkEmail', { email: address })
      await expect.poll(() => story.mails.slice(before).some(({ to }) => to === address)).toBe(true)
      return story.tokenFor(address, 'magiclink')
    }

    it('sign in and verify the address; of many who redeem one at once exactly one gets in', async () => {
      const { id } = await story.accounts.accounts.createUser({ email: 'ada@example.org' })
      const token = await linkTo('ada@example.org')
      const answers = await Promise.all(Array.from({ length: 8 }, () => redeem(token)))
      const [won, ...more] = answers.filter(({ status }) => status === 200)
      expect([won?.body?.user, more]).toMatchObject([{ id, emails: [{ address: 'ada@example.org', verified: true }] }, []])
      expect(new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => body?.code))).toEqual(new Set(['LoginTokenExpired']))
      expect((await post(story.url, 'user', {}, won?.body?.tokens?.accessToken)).body).toMatchObject({ id })
    })

    it('give way to a newer one, whatever its address', async () => {
      const { id } = await story.accounts.accounts.createUser({ email: 'grace@example.org' })
      await story.accounts.accounts.addEmailOf(id, 'grace@example.com', true)
      const [first, second] = [await linkTo('grace@example.org'), await linkTo('grace@example.com')]
      expect((await redeem(first)).body?.code).toBe('LoginTokenExpired')
      expect((await redeem(second)).body?.user?.id).toBe(id)
    })

    it('are void after a new password, the end of all sessions, a deactivation and the loss of their address', async () => {
      const { accounts } = story.accounts
      const { id } = await accounts.createUser({ username: 'edith', email: 'edith@example.org', password: PASSWORD })
      const voids: (() => Promise<unknown>)[] = [
        () => accounts.setPassword(id, PASSWORD),
        () => accounts.revoke({ userId: id }),
        async () => (await accounts.deactivateUser(id), await accounts.activateUser(id)),
        () => accounts.removeEmailOf(id, 'edith@example.org'),
      ]
      for (const change of voids) {
        const token = await linkTo('edith@example.org')
        await change()
        expect((await redeem(token)).body?.code).toBe('LoginTokenExpired')
      }
    })
  })
}
