import { expect, test } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { mayOpenDev } from './dev-gate.ts'

const HERE = { peer: '127.0.0.1', headers: { host: 'localhost:3000' } }

test.each(['localhost', 'localhost:3000', 'LOCALHOST:3000', '127.0.0.1', '127.0.0.1:80', '127.1.2.3:1', '[::1]', '[::1]:3000'])(
  'a loopback peer who asked for %s may enter',
  host => {
    expect(mayOpenDev({ ...HERE, headers: { host } })).toBe(true)
  },
)

test.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])('the peer %s is on this machine', peer => {
  expect(mayOpenDev({ ...HERE, peer })).toBe(true)
})

test.each(['192.168.1.5', '10.0.0.1', '::ffff:192.168.1.5', 'fe80::1', '128.0.0.1', '', 'localhost', '127.0.0.1.evil.test'])(
  'the peer %j is not, whatever its headers say',
  peer => {
    expect(mayOpenDev({ ...HERE, peer })).toBe(false)
    expect(mayOpenDev({ peer, headers: { host: 'localhost', 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1' } })).toBe(false)
  },
)

test.each([
  'evil.test',
  'localhost.evil.test',
  '127.0.0.1.nip.io',
  'localhost:3000:1',
  '192.168.1.5',
  '0.0.0.0',
  '[::]',
  'localhost:',
  '',
  undefined,
])('the host %j is not loopback: DNS rebinding ends here', host => {
  expect(mayOpenDev({ ...HERE, headers: { host } })).toBe(false)
})

test.each([
  { 'x-forwarded-for': '203.0.113.9' },
  { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' },
  { 'x-forwarded-for': ['127.0.0.1', '203.0.113.9'] },
  { 'x-real-ip': '203.0.113.9' },
  { forwarded: 'for=203.0.113.9;proto=https' },
  { forwarded: 'for="[2001:db8::1]:443"' },
])('a tunnel on this machine that says it stands for somebody else does not enter: %j', headers => {
  expect(mayOpenDev({ ...HERE, headers: { ...HERE.headers, ...headers } })).toBe(false)
})

test('a development proxy on this machine that stands for this machine may enter', () => {
  const headers = { ...HERE.headers, 'x-forwarded-for': '::1, 127.0.0.1:5173', forwarded: 'for="[::1]:1"' }
  expect(mayOpenDev({ ...HERE, headers })).toBe(true)
})

test('no header makes a peer from elsewhere welcome', () => {
  const headers = fc.dictionary(
    fc.constantFrom('host', 'x-forwarded-for', 'x-real-ip', 'forwarded', 'x-forwarded-host'),
    fc.oneof(fc.anyText(), fc.ipV4(), fc.constant('127.0.0.1'), fc.constant('localhost')),
  )
  const elsewhere = fc.oneof(
    fc.ipV4().filter(ip => !ip.startsWith('127.')),
    fc.ipV6().filter(ip => ip !== '::1' && !/^[0:]*1$/.test(ip) && !ip.toLowerCase().startsWith('::ffff:')),
  )
  fc.assert(
    fc.property(elsewhere, headers, (peer, given) => {
      expect(mayOpenDev({ peer, headers: given })).toBe(false)
    }),
  )
})
