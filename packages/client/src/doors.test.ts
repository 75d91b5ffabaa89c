import * as all from '@latchkey/client'
import * as magicLink from '@latchkey/client/magic-link'
import * as password from '@latchkey/client/password'
import * as rest from '@latchkey/client/rest'
import { expect, test } from 'vitest'

test.each([
  ['rest', rest, ['AccountsClientError', 'AccountsJsError', 'RestClient', 'authFetch']],
  ['password', password, ['AccountsClientPassword']],
  ['magic-link', magicLink, ['AccountsClientMagicLink']],
] as const)(
  'the door /%s leads to what accounts-js’s package of that name exported, and to the very same classes',
  (_name, door, names) => {
    expect(Object.keys(door).toSorted()).toEqual([...names].toSorted())
    expect({ ...all }).toMatchObject({ ...door })
  },
)
