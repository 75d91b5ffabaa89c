import { expect, test } from 'vitest'
import { PASSWORD } from '../../testing/index.ts'
import { restWorld } from '../../testing/rest-world.ts'

test('userId() answers inside of hooks that a route leads to: the user who asks, or nobody', async () => {
  await using world = await restWorld()
  const { server } = world
  const seen: unknown[] = []
  server.on('LoginSuccess', () => void seen.push(server.userId()))
  server.on('ChangePasswordSuccess', () => void seen.push(server.userId()))
  const { id } = await world.createUser('ada')
  const headers = await world.bearer('ada')
  seen.length = 0
  await world.post('/accounts/password/authenticate', { user: { username: 'ada' }, password: PASSWORD })
  await world.post('/accounts/password/changePassword', { oldPassword: PASSWORD, newPassword: 'another horse battery staple' }, headers)
  expect(seen).toEqual([null, id])
  expect(() => server.userId()).toThrow('can only be invoked')
})
