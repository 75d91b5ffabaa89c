/** A page with React and Vue in it, for what only a real document shows. */
import { Component, createElement, StrictMode, startTransition } from 'react'
import type { ReactElement } from 'react'
import { createRoot, hydrateRoot } from 'react-dom/client'
import { createApp, createSSRApp, h, nextTick } from 'vue'
import type { PublicUser } from '@latchkey/common'
import type { ClientState } from '../accounts-client.ts'
import { useUser, useUserId } from '../react/index.ts'
import type { Watchable } from '../reactive.ts'
import { makeSource } from '../source.ts'
import type { OwnSource } from '../source.ts'
import { useUser as useVueUser } from '../vue/index.ts'

/** A client whose user is set by hand, and which counts who listens. */
class HandClient implements Watchable<PublicUser> {
  listeners = 0
  readonly state: OwnSource<ClientState> = makeSource<ClientState>({ status: 'signedOut', user: null }, () => () => {})
  readonly user: OwnSource<PublicUser | null> = makeSource<PublicUser | null>(null, () => {
    this.listeners++
    return () => void this.listeners--
  })

  is(username: string): this {
    const user = { id: username, username, emails: [], deactivated: false }
    this.user.set(user)
    this.state.set({ status: 'signedIn', user })
    return this
  }
}

/** What was complained of. */
const complaints: string[] = []
for (const level of ['error', 'warn'] as const) console[level] = (...said: unknown[]) => void complaints.push(said.map(String).join(' '))

const Greeting = ({ client }: { client: HandClient }): ReactElement =>
  createElement('b', null, `${useUser(client)?.username ?? 'nobody'} ${useUserId(client) ?? '-'}`)

const painted = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 50))

function place(html = ''): HTMLElement {
  const element = document.createElement('div')
  element.innerHTML = html
  document.body.append(element)
  return element
}

const stories = {
  async reactStrict() {
    const [client, element] = [new HandClient(), place()]
    const root = createRoot(element)
    root.render(createElement(StrictMode, null, createElement(Greeting, { client })))
    await painted()
    client.is('ada')
    await painted()
    const shown = element.textContent
    const during = client.listeners
    root.unmount()
    await painted()
    return [shown, during, client.listeners]
  },

  async reactHydrates() {
    const client = new HandClient().is('ada')
    // As the server rendered it, who knew nobody
    const element = place('<b>nobody -</b>')
    const first = element.textContent
    hydrateRoot(element, createElement(StrictMode, null, createElement(Greeting, { client })))
    await painted()
    return [first, element.textContent]
  },

  async reactSwitches() {
    const [one, other, element] = [new HandClient().is('ada'), new HandClient().is('bob'), place()]
    const root = createRoot(element)
    const seen: (string | null)[] = []
    for (const client of [one, other, one]) {
      root.render(createElement(Greeting, { client }))
      await painted()
      seen.push(element.textContent)
    }
    other.is('eve')
    await painted()
    seen.push(element.textContent)
    return [seen, one.listeners, other.listeners]
  },

  /** Two hundred components are drawn in a transition that yields; the user changes in the midst of it. */
  async reactTears() {
    const [client, element] = [new HandClient().is('ada'), place()]
    const seen = new Set<string>()
    const Slow = (): ReactElement => {
      const until = performance.now() + 1
      while (performance.now() < until);
      return createElement('i', null, useUser(client)?.username)
    }
    class Crowd extends Component<{ size: number }> {
      override componentDidUpdate(): void {
        seen.add([...new Set([...element.querySelectorAll('i')].map(one => one.textContent))].join())
      }
      override render(): ReactElement {
        return createElement('div', null, ...Array.from({ length: this.props.size }, (_, key) => createElement(Slow, { key })))
      }
    }
    const root = createRoot(element)
    root.render(createElement(Crowd, { size: 0 }))
    await painted()
    startTransition(() => root.render(createElement(Crowd, { size: 200 })))
    await new Promise(resolve => setTimeout(resolve, 30))
    client.is('bob')
    for (let tries = 0; tries < 100 && element.querySelectorAll('i').length < 200; tries++) await painted()
    await painted()
    return [[...seen], [...new Set([...element.querySelectorAll('i')].map(one => one.textContent))]]
  },

  async vueHydrates() {
    const client = new HandClient()
    const App = {
      setup() {
        const user = useVueUser(client)
        return () => h('b', { class: user.value ? 'in' : 'out' }, user.value?.username ?? 'nobody')
      },
    }
    // As the server rendered it, who knew nobody
    const element = place('<b class="out">nobody</b>')
    const first = element.innerHTML
    client.is('ada')
    const app = createSSRApp(App)
    app.mount(element)
    await nextTick()
    await painted()
    const shown = element.innerHTML
    app.unmount()
    return [first, shown, client.listeners]
  },

  async vueMounts() {
    const [client, element] = [new HandClient().is('ada'), place()]
    const seen: unknown[] = []
    const app = createApp({
      setup() {
        const user = useVueUser(client)
        return () => {
          seen.push(user.value?.username)
          return h('b', user.value?.username)
        }
      },
    })
    app.mount(element)
    await painted()
    app.unmount()
    return [seen, client.listeners]
  },
}

/** Tells a story: what it shows, and what was complained of. */
export async function tell(name: keyof typeof stories): Promise<{ shown: unknown; complaints: string[] }> {
  const shown = await stories[name]()
  return { shown, complaints: complaints.splice(0) }
}
globalThis.tell = tell
document.title = 'ready'

declare global {
  /** For the test. */
  var tell: (
    name: 'reactStrict' | 'reactHydrates' | 'reactSwitches' | 'reactTears' | 'vueHydrates' | 'vueMounts',
  ) => Promise<{ shown: unknown; complaints: string[] }>
}
