import { expect, it, vi } from 'vitest'
import { Meteor } from './meteor.ts'

it('Meteor.startup runs when the page is there, never before its caller is through', async () => {
  const ran: string[] = []
  Meteor.startup(() => ran.push('at once'))
  expect(ran).toEqual([])
  await Promise.resolve()
  expect(ran).toEqual(['at once'])

  const listeners: (() => void)[] = []
  vi.stubGlobal('document', { readyState: 'loading', addEventListener: (_name: string, listener: () => void) => listeners.push(listener) })
  try {
    Meteor.startup(() => ran.push('with the page'))
    await Promise.resolve()
    expect(ran).toEqual(['at once'])
    for (const listener of listeners) listener()
    expect(ran).toEqual(['at once', 'with the page'])
  } finally {
    vi.unstubAllGlobals()
  }
})
