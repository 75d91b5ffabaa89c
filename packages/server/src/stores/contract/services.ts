import { expect, test } from 'vitest'
import type { KeptService } from '../../core/identity/kept-service.ts'
import { SERVICES_CHANGED } from '../../core/store.ts'
import { newId, withEmpty } from './make.ts'
import type { Setup } from './make.ts'

const service = (over: Partial<KeptService> = {}): KeptService => ({ name: newId(), data: { clientId: 'é 🗝', deep: [1, null] }, ...over })

/** How the app is known at providers. */
export function servicesContract({ the, open }: Setup): void {
  test('a configuration comes back whole, with and without a secret', () =>
    withEmpty(open, async store => {
      const [plain, secret] = [service({ name: 'a' }), service({ name: 'b', secret: '1.k.iv.sealed' })]
      expect(await store.services.insert(secret)).toBe(true)
      expect(await store.services.insert(plain)).toBe(true)
      expect(await store.services.list()).toStrictEqual([plain, secret])
    }))

  test('a service has one configuration: of many that add it at once one does', async () => {
    const { store } = the
    const name = newId()
    const added = await Promise.all(Array.from({ length: 8 }, (_, n) => store.services.insert(service({ name, data: { n } }))))
    expect(added.filter(Boolean)).toHaveLength(1)
    expect(await store.services.insert(service({ name }))).toBe(false)
    const kept = (await store.services.list()).find(each => each.name === name)
    expect(kept?.data).toEqual({ n: added.indexOf(true) })
  })

  test('a configuration is swapped while it is what was read: of several that read the same one exactly one writes', async () => {
    const { store } = the
    const read = service({ secret: 'x' })
    await store.services.insert(read)
    const nexts = Array.from({ length: 4 }, (_, n) => service({ name: read.name, data: { n } }))
    const written = await Promise.all(nexts.map(next => store.services.swap(read, next)))
    expect(written.filter(Boolean)).toHaveLength(1)
    expect((await store.services.list()).find(({ name }) => name === read.name)).toStrictEqual(nexts[written.indexOf(true)])
    expect(await store.services.swap(service(), service())).toBe(false)
  })

  test('a configuration that was removed is gone, and can be added again', async () => {
    const { store } = the
    const one = service()
    await store.services.insert(one)
    expect(await store.services.remove(one.name)).toBe(true)
    expect(await store.services.remove(one.name)).toBe(false)
    expect(await store.services.insert(one)).toBe(true)
  })

  test('whoever listens is told of every change, and of no user', async ({ skip }) => {
    const { store } = the
    if (!store.bus) {
      skip('this store has no bus')
      return
    }
    const heard: (string | null)[] = []
    const stop = store.bus.listen(userId => heard.push(userId))
    const one = service()
    const next = { ...one, data: {} }
    // Until one arrives that was not there before: processes hear of their own changes twice where the database announces them.
    const told = async (deed: () => Promise<boolean>): Promise<void> => {
      heard.length = 0
      expect(await deed()).toBe(true)
      await expect.poll(() => heard).toContain(SERVICES_CHANGED)
    }
    await told(() => store.services.insert(one))
    await told(() => store.services.swap(one, next))
    await told(() => store.services.remove(one.name))
    stop()
  })
}
