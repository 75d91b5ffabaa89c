import { afterEach, expect, test, vi } from 'vitest'
import { toSocketUrl } from './socket-url.ts'

afterEach(() => vi.unstubAllGlobals())

test.each([
  ['http://example.com', 'ws://example.com/websocket'],
  ['https://example.com/', 'wss://example.com/websocket'],
  ['https://example.com:8443/app//', 'wss://example.com:8443/app/websocket'],
  ['ws://example.com/websocket', 'ws://example.com/websocket'],
  ['wss://example.com/app/sockjs/websocket', 'wss://example.com/app/sockjs/websocket'],
  ['localhost:3000', 'ws://localhost:3000/websocket'],
  ['example.com/app', 'ws://example.com/app/websocket'],
  ['[::1]:3000', 'ws://[::1]:3000/websocket'],
  ['https://example.com/?tenant=7', 'wss://example.com/websocket?tenant=7'],
])('the socket of %s is %s', (given, socket) => {
  expect(toSocketUrl(given)).toBe(socket)
})

test('on a page, a path is one of its server, and a bare host is as encrypted as the page', () => {
  vi.stubGlobal('location', new URL('https://app.example.com/tasks?open'))
  expect([toSocketUrl('/'), toSocketUrl('/prefix'), toSocketUrl('api.example.com')]).toEqual([
    'wss://app.example.com/websocket',
    'wss://app.example.com/prefix/websocket',
    'wss://api.example.com/websocket',
  ])
})

test.each(['', '/', 'ftp://example.com', 'https://', 'javascript:alert(1)//'])('%o is refused', given => {
  expect(() => toSocketUrl(given)).toThrow(TypeError)
})
