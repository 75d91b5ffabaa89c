import { expect, it } from 'vitest'
import { graphqlWorld } from '../../testing/graphql-world.ts'
import { PASSWORD } from '../../testing/index.ts'

const aliased = (count: number, field: (index: number) => string): string =>
  `mutation { ${Array.from({ length: count }, (_, index) => `a${index}: ${field(index)}`).join('\n')} }`
const login = (username: string, password: string): string =>
  `authenticate(serviceName: "password", params: { user: { username: "${username}" }, password: "${password}" }) { sessionId }`

it('a thousand logins under a thousand aliases are a thousand logins to the rate limits: one account is locked after a few', async () => {
  await using world = await graphqlWorld()
  await world.createUser('ada')
  const { errors, data } = await world.ask(aliased(1000, index => login('ada', index === 900 ? PASSWORD : `guess number ${index}`)))
  expect(Object.values(data ?? {}).filter(Boolean)).toEqual([])
  const codes = errors.map(({ extensions }) => extensions['code'])
  expect(codes).toHaveLength(1000)
  expect(codes.filter(code => code === 'InvalidCredentials').length).toBeLessThanOrEqual(6)
  expect(codes.filter(code => code === 'TooManyAttempts').length).toBeGreaterThanOrEqual(994)
}, 60_000)

it('and one address gets no further when it tries a thousand accounts', async () => {
  await using world = await graphqlWorld()
  const { errors } = await world.ask(aliased(1000, index => login(`user${index}`, PASSWORD)))
  const codes = errors.map(({ extensions }) => extensions['code'])
  expect(codes.filter(code => code === 'InvalidCredentials').length).toBeLessThanOrEqual(60)
  expect(codes.filter(code => code === 'TooManyAttempts').length).toBeGreaterThanOrEqual(940)
}, 60_000)
