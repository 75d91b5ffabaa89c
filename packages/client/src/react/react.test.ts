import { createElement } from 'react'
import type { ReactElement } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import { adasServer, clientOn } from '../testing/meteor-fake.ts'
import { AccountsProvider, useAccounts, useAccountsState, useLoggingIn, useLoggingOut, useUser, useUserId } from './index.ts'

function Everything(): ReactElement {
  const said = [useUser()?.username, useUserId(), useLoggingIn(), useLoggingOut(), useAccountsState().status, useAccounts() !== null]
  return createElement('p', null, JSON.stringify(said))
}

test('a page that is rendered on a server shows nobody, whoever the client has', async () => {
  const client = clientOn(adasServer())
  await client.loginWithPassword('ada', 'a password')
  const html = renderToString(createElement(AccountsProvider, { client }, createElement(Everything)))
  expect(html.replaceAll('&quot;', '"')).toBe('<p>[null,null,false,false,"loading",true]</p>')
})

test('a hook without a provider says what is missing, unless it is given a client', () => {
  const client = clientOn(adasServer())
  const Own = (): ReactElement => createElement('p', null, String(useUserId(client)))
  expect(() => renderToString(createElement(Everything))).toThrow('There is no AccountsProvider')
  expect(renderToString(createElement(Own))).toBe('<p>null</p>')
})
