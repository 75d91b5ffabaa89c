import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { prettyLine } from './log.ts'

const NOON = new Date(2026, 10, 22, 12, 4, 31)
const line = (...args: [fields: object, message: string]): string => stripVTControlCharacters(prettyLine('warn', ...args, NOON))

test('an event takes one line', () => {
  expect(line({ mail: 'm1', tries: 2, ip: undefined }, 'not sent')).toBe('12:04:31 warn  not sent mail=m1 tries=2\n')
})

test('an error shows its stack and what caused it', () => {
  const text = line({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed')
  expect(text).toMatch(/^12:04:31 warn {2}failed\n {4}Error: outer\n/)
  expect(text).toMatch(/\n {4}caused by Error: inner\n/)
})

test('nothing logged can move the cursor or forge a line', () => {
  const text = prettyLine('info', { agent: 'x\u001b[2J\nfake line', err: new Error('a\u0007b') }, 'message\r\nforged', NOON)
  expect(stripVTControlCharacters(text)).toMatch(
    /^12:04:31 info {2}message\\x0d\\x0aforged agent=x\\x1b\[2J\\x0afake line\n {4}Error: a\\x07b\n/,
  )
})
