/** Tells the other tabs of this origin that somebody signed in or out. Says nothing about who: each tab asks for itself. */
export function tellTabs(name: string, from: string): void {
  const channel = openChannel(name)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin; only windows have a target
  channel?.postMessage(from)
  channel?.close()
}

/**
 * Calls when another tab signed in or out, and when the network is back. Does nothing outside a browser.
 * @param tokenKey the storage key whose appearing and disappearing counts too: accounts-js's client in another tab tells nobody
 */
export function watchTabs(name: string, from: string, tokenKey: string, changed: () => void): () => void {
  const channel = openChannel(name)
  if (typeof window !== 'object' || !('addEventListener' in window)) return () => {}
  const onStorage = ({ key, oldValue, newValue }: StorageEvent): void => {
    // A refresh replaces the token: nothing to ask about. `key` is null when everything was cleared.
    if (key === null || (key === tokenKey && !(oldValue && newValue))) changed()
  }
  channel?.addEventListener('message', ({ data }) => {
    if (data !== from) changed()
  })
  window.addEventListener('storage', onStorage)
  window.addEventListener('online', changed)
  return () => {
    channel?.close()
    window.removeEventListener('storage', onStorage)
    window.removeEventListener('online', changed)
  }
}

/** Only in a browser: in Node an open channel would keep the process alive, and would reach the threads of other people's requests. */
const openChannel = (name: string): BroadcastChannel | undefined =>
  typeof window === 'object' && 'BroadcastChannel' in window ? new BroadcastChannel(name) : undefined
