/** The script of a page with two accounts servers, shown by React. */
import { AccountsClient } from '@latchkey/client/meteor'
import { useLoggingIn, useUser } from '@latchkey/client/react'
import { createElement } from 'react'
import type { ReactElement } from 'react'
import { createRoot } from 'react-dom/client'

/** Makes both clients and shows who is signed in on each. */
export function start(otherUrl: string): void {
  globalThis.own = new AccountsClient()
  globalThis.other = new AccountsClient({ ddpUrl: otherUrl })
  for (const id of ['own', 'other'] as const) {
    const place = document.querySelector(`#${id}`)
    if (place) createRoot(place).render(createElement(Who, { client: globalThis[id] }))
  }
  document.title = 'ready'
}

function Who({ client }: { client: AccountsClient }): ReactElement {
  const user = useUser(client)
  const busy = useLoggingIn(client)
  return createElement('span', null, busy ? '…' : (user?.username ?? 'nobody'))
}
