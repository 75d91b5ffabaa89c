import { expect, test } from 'vitest'
import { AccountsCommon, COMMON } from './index.ts'

class Server extends AccountsCommon {
  userId(): null {
    return null
  }
  async userAsync(): Promise<null> {
    return null
  }
}

class Other {
  readonly [COMMON] = true
}

test('what descends from AccountsCommon is one, and so is what is marked; a subclass has its own', () => {
  const [server, other] = [new Server(), new Other()]
  expect([server instanceof AccountsCommon, other instanceof AccountsCommon]).toEqual([true, true])
  expect([server instanceof Server, other instanceof Server]).toEqual([true, false])
  for (const none of [{}, null, undefined, 'text', () => {}, AccountsCommon]) expect(none instanceof AccountsCommon).toBe(false)
})
