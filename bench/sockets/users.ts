/** Users that a measured server is given over its own wire, and how they sign in. */
import { digested, openMany } from '../ddp-client.ts'
import { DdpClient } from '../ddp-client.ts'

const PASSWORD = digested('correct horse battery staple')

/** What the method `login` takes. */
export const credentials = (n: number): { user: { username: string }; password: typeof PASSWORD } => ({
  user: { username: `user-${n}` },
  password: PASSWORD,
})

export async function makeUsers(port: number, count: number): Promise<void> {
  await openMany(count, async n => {
    const client = await DdpClient.connected(port)
    await client.succeed('createUser', { username: `user-${n}`, email: `user-${n}@example.org`, password: PASSWORD })
    await client.close()
  })
}
