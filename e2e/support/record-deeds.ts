import type { Store } from '@latchkey/server'

/** Notes every deed that is done on the store from now on, by name, in a list that the caller may empty. */
export function recordDeeds(store: Store): string[] {
  const deeds: string[] = []
  for (const part of ['users', 'sessions', 'tokens', 'attempts', 'outbox', 'audit', 'services'] as const) {
    const recorded = new Map(
      Object.entries(store[part]).flatMap(([name, deed]: [string, unknown]) =>
        typeof deed === 'function'
          ? [[name, (...given: unknown[]): unknown => (deeds.push(`${part}.${name}`), deed.apply(store[part], given))] as const]
          : [],
      ),
    )
    Object.assign(store[part], Object.fromEntries(recorded))
  }
  return deeds
}
