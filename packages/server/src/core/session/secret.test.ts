import { describe, expect, it } from 'vitest'
import { systemPorts } from '../../system.ts'
import { newId } from './secret.ts'

describe('newId', () => {
  it('never begins with a dash, which a command line would take for an option', () => {
    const { chance } = systemPorts()
    const ids = Array.from({ length: 2000 }, () => newId(chance))
    expect(ids.filter(id => !/^[\w][\w-]{21}$/.test(id))).toEqual([])
    expect(new Set(ids).size).toBe(ids.length)
  })
})
