/** A store whose collection can be another one from now on: Meteor's `config({ collection })` may come at any time. */
import { AccountsError, stopOf } from '@latchkey/common'
import type { Stop } from '@latchkey/common'
import type { Bus, Store } from '../../core/store.ts'

export interface SwitchableStore {
  store: Store
  /** From the next deed on everything is looked for in that collection. Deeds that are under way end where they began. @throws AccountsError `InvalidSettings` */
  use(collection: string): void
}

/** The store, to be switched. */
export function switchableStore(base: Store): SwitchableStore {
  let current = base
  /** While another collection is opened, deeds wait for it. */
  let switching: Promise<unknown> | undefined
  let isOpen = false
  const opened = new Set<Store>()
  const bus = base.bus && switchableBus(() => current.bus ?? base.bus)

  const open = async (store: Store): Promise<void> => {
    if (opened.has(store)) return
    opened.add(store)
    await store.open()
  }
  const part = <Part extends object>(of: (store: Store) => Part): Part =>
    new Proxy(of(base), {
      get(_base, name) {
        const member: unknown = Reflect.get(of(current), name)
        if (typeof member !== 'function') return member
        // All deeds of a store answer later, so that some may answer later still.
        return (...values: unknown[]): unknown => {
          const call = (): unknown => Reflect.apply(Reflect.get(of(current), name) as typeof member, of(current), values)
          return switching ? switching.then(call) : call()
        }
      },
    })

  const store: Store = {
    ...base,
    users: part(kept => kept.users),
    sessions: part(kept => kept.sessions),
    tokens: part(kept => kept.tokens),
    attempts: part(kept => kept.attempts),
    outbox: part(kept => kept.outbox),
    audit: part(kept => kept.audit),
    services: part(kept => kept.services),
    ping: () => current.ping(),
    async open() {
      isOpen = true
      await open(current)
    },
    async close() {
      isOpen = false
      await switching
      const all = [...opened]
      opened.clear()
      await Promise.all(all.map(each => each.close()))
    },
    ...(bus ? { bus } : {}),
  }
  return {
    store,
    use(collection) {
      const next = current.inCollection?.(collection)
      if (!next)
        throw new AccountsError('InvalidSettings', { message: `The store ${base.name} keeps one collection of users, and no other` })
      if (next === current) return
      current = next
      if (isOpen) {
        const mine = Promise.all([switching, open(next)]).then(() => bus?.moved())
        switching = mine
        // What failed to open fails the deeds that waited for it, and those after it by themselves.
        void mine.finally(() => switching === mine && (switching = undefined)).catch(() => undefined)
      }
    },
  }
}

interface SwitchableBus extends Bus {
  /** Another store is in force: listens there, and tells that anything may have changed. */
  moved(): Promise<void>
}

function switchableBus(current: () => Bus | undefined): SwitchableBus {
  const listeners = new Set<(userId: string | null) => void>()
  let used: Bus | undefined
  let hearing: Stop | undefined
  const tell = (userId: string | null): void => {
    for (const listener of listeners) listener(userId)
  }
  const listen = (): void => {
    if (hearing && used === current()) return
    hearing?.()
    used = current()
    hearing = used?.listen(tell)
  }
  return {
    async open() {
      listen()
      await used?.open()
    },
    async close() {
      hearing?.()
      hearing = undefined
      await used?.close()
    },
    trusted: () => used !== undefined && used === current() && used.trusted(),
    listen(listener) {
      listeners.add(listener)
      listen()
      return stopOf(() => listeners.delete(listener))
    },
    async publish(userId) {
      await current()?.publish(userId)
    },
    async moved() {
      const before = used
      listen()
      if (before === used) return
      await used?.open()
      await before?.close()
      tell(null)
    },
  }
}
