import { describe, expect, test } from 'vitest'
import { checkFloors } from './floors.ts'
import { repositoryOf } from './lib/fixture.ts'

/** The messages for one file with this text. */
function complaints(path: string, text: string): string[] {
  using repository = repositoryOf({ [path]: text })
  return checkFloors(repository.root).map(({ message }) => message)
}

describe('the walls between packages', () => {
  test.each([
    ['packages/client/src/x.ts', '@latchkey/server', 'client may not import @latchkey/server'],
    ['packages/client/src/x.ts', '@latchkey/server/stores/memory', 'client may not import @latchkey/server'],
    ['packages/ui/src/x.ts', '@latchkey/common', 'ui may not import @latchkey/common'],
    ['packages/server/src/x.ts', 'latchkey', 'server may not import latchkey'],
    ['packages/client/src/x.ts', '../../server/src/index.ts', 'leaves its package: ../../server/src/index.ts'],
    ['packages/client/src/x.ts', 'node:fs', 'client runs in browsers and may not import node:fs'],
    ['packages/extra/src/x.ts', './y.ts', 'package "extra" has no walls yet: add it to tools/floors.ts'],
  ])('%s may not import %s', (path, specifier, message) => {
    expect(complaints(path, `import '${specifier}'`)).toEqual([message])
    expect(complaints(path, `export * from '${specifier}'`)).toEqual([message])
    expect(complaints(path, `export type X = import('${specifier}').X`)).toEqual([message])
    expect(complaints(path, `await import('${specifier}')`)).toEqual([message])
  })

  test('what the plan allows passes', () => {
    expect(complaints('packages/client/src/x.ts', `import '@latchkey/common'`)).toEqual([])
    expect(complaints('packages/latchkey/src/x.ts', `import '@latchkey/server/rest'`)).toEqual([])
  })

  test('a test may import what it likes', () => {
    expect(complaints('packages/client/src/x.test.ts', `import '@latchkey/server'; Date.now()`)).toEqual([])
    expect(complaints('packages/client/src/testing/fake-server.ts', `import 'node:http'`)).toEqual([])
  })

  test('no product code imports test code', () => {
    const message = 'product code may not import test code: ./testing/fake-server.ts'
    expect(complaints('packages/client/src/x.ts', `import './testing/fake-server.ts'`)).toEqual([message])
  })
})

describe('the floors of the server', () => {
  test.each([
    ['core/flows/login.ts', '../../strategies/password/index.ts', 'core may not import strategies'],
    ['strategies/password/index.ts', '../code/index.ts', 'strategies/password may not import its neighbour strategies/code'],
    ['stores/memory/index.ts', '../../strategies/password/index.ts', 'stores may not import strategies'],
    ['transports/rest/index.ts', '../../stores/memory/index.ts', 'transports may not import stores'],
    ['transports/rest/index.ts', '../../accounts-server.ts', 'transports may not import top'],
    ['index.ts', './testing/index.ts', 'top may not import testing'],
    ['attic/x.ts', '../core/accounts.ts', 'floor "attic" is not in the plan: add it to tools/floors.ts'],
  ])('%s may not import %s', (path, specifier, message) => {
    expect(complaints(`packages/server/src/${path}`, `import type { X } from '${specifier}'`)).toEqual([message])
  })

  test('downstairs is allowed, and so is the own room', () => {
    expect(complaints('packages/server/src/strategies/password/hash.ts', `import './gate.ts'; import '../../core/strategy.ts'`)).toEqual([])
    expect(complaints('packages/server/src/testing/world.ts', `import '../index.ts'; import '../stores/memory/index.ts'`)).toEqual([])
  })

  test('only transports/node knows HTTP, and only stores know a driver', () => {
    const text = `import { createServer } from 'node:http'; import pg from 'pg'`
    expect(complaints('packages/server/src/transports/rest/serve.ts', text)).toEqual([
      'only transports/node may know node:http',
      'only stores may import the driver pg',
    ])
    expect(complaints('packages/server/src/transports/node/serve.ts', `import 'node:http'`)).toEqual([])
    expect(complaints('packages/server/src/stores/sql/open.ts', `import 'kysely'`)).toEqual([])
  })
})

describe('one way to open a session', () => {
  const opening = [
    'export const f = (store: Store) => store.sessions.open(row)',
    'export const f = (store: Store) => store.sessions["open"](row)',
    'export const f = (store: Store) => store["sessions"].open(row)',
    'export const f = (store: Store) => store!.sessions!.open(row)',
    'export const f = ({ sessions }: Store) => sessions.open(row)',
    'export const f = ({ sessions: s }: Store) => s.open(row)',
    'const s = store.sessions\nexport const f = () => s.open(row)',
    'const { open } = store.sessions\nopen(row)',
    'const { open: make } = store.sessions\nmake(row)',
    'export const open = store.sessions.open',
  ]
  const complaint = 'only flows/login.ts may call sessions.open'

  test.each(opening)('no other file may do this: %s', text => {
    expect(complaints('packages/server/src/core/flows/register.ts', text)).toContain(complaint)
    expect(complaints('packages/server/src/transports/rest/index.ts', text)).toContain(complaint)
    expect(complaints('packages/latchkey/src/serve.ts', text)).toContain(complaint)
  })

  test.each(opening)('the login flow and the stores may: %s', text => {
    expect(complaints('packages/server/src/core/flows/login.ts', text)).toEqual([])
    expect(complaints('packages/server/src/stores/split/index.ts', text)).toEqual([])
  })

  test('opening a store is something else', () => {
    expect(complaints('packages/server/src/core/assemble.ts', 'await core.store.open(); await store.bus?.open()')).toEqual([])
  })
})

describe('a core without time, chance and surroundings', () => {
  test.each([
    ['const t = Date.now()', 'Date.now'],
    ['const t = globalThis.Date.now()', 'Date.now'],
    ['const t = new Date()', 'new Date()'],
    ['const r = Math.random()', 'Math.random'],
    ['setTimeout(() => {}, 1)', 'setTimeout'],
    ['globalThis.setTimeout(() => {}, 1)', 'setTimeout'],
    ['const later = setInterval', 'setInterval'],
    ['const mode = process.env.NODE_ENV', 'process'],
    ['const { env } = process', 'process'],
    ['await fetch(url)', 'fetch'],
  ])('%s is refused', (text, what) => {
    expect(complaints('packages/server/src/core/x.ts', text)).toEqual([
      `the core takes time, chance and settings through its ports, not from ${what}`,
    ])
    expect(complaints('packages/server/src/transports/rest/x.ts', text)).toEqual([])
  })

  test.each([
    'const t = new Date(now)',
    'clock.now()',
    'timers.setTimeout()',
    'const x = { process: 1 }',
    'interface X { fetch: 1 }',
    'x.process.y()',
  ])('%s is fine', text => expect(complaints('packages/server/src/core/x.ts', text)).toEqual([]))

  test('a name of its own hides the global one, only where it is in scope', () => {
    expect(complaints('packages/server/src/core/x.ts', 'const f = ({ process }) => process.window')).toEqual([])
    expect(complaints('packages/server/src/core/x.ts', 'const f = ({ process }) => process.window\nprocess.exit()')).toHaveLength(1)
  })

  test('it calculates with node:crypto but takes no chance from it', () => {
    expect(complaints('packages/server/src/core/x.ts', `import { createHash } from 'node:crypto'`)).toEqual([])
    expect(complaints('packages/server/src/core/x.ts', `import { randomBytes as r } from 'node:crypto'`)).toEqual([
      'the core may not import randomBytes from node:crypto: chance comes through its ports',
    ])
    expect(complaints('packages/server/src/core/x.ts', `import * as crypto from 'node:crypto'`)).toEqual([
      'the core imports what it needs of node:crypto by name',
    ])
  })

  test('it touches no file, no socket and no package but @latchkey/common', () => {
    expect(complaints('packages/server/src/core/x.ts', `import 'node:fs'`)).toEqual(['the core may not import node:fs'])
    expect(complaints('packages/server/src/core/x.ts', `import { connect } from 'node:net'`)).toEqual([
      'the core may not import connect from node:net',
    ])
    expect(complaints('packages/server/src/core/x.ts', `import 'valibot'`)).toEqual(['the core may not import valibot'])
    expect(complaints('packages/server/src/core/x.ts', `import '@latchkey/common'`)).toEqual([])
  })
})

test('the server never writes to the console', () => {
  expect(complaints('packages/server/src/transports/rest/x.ts', 'console.log(1)')).toEqual([
    'the server logs through its Log port, never to the console',
  ])
  expect(complaints('packages/latchkey/src/x.ts', 'console.log(1)')).toEqual([])
})

test('a complaint names file and line', () => {
  using repository = repositoryOf({ 'packages/server/src/core/x.ts': '\n\nDate.now()\n' })
  expect(checkFloors(repository.root)).toMatchObject([{ path: 'packages/server/src/core/x.ts', line: 3 }])
})
