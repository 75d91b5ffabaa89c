import { describe, expect, it } from 'vitest'
import * as fc from '../../../../tools/test/properties.ts'
import { readConnection, readProxies } from './proxies.ts'
import type { HttpRequest } from './request.ts'

const callFrom = (ip: string, headers: HttpRequest['headers'] = {}): HttpRequest => ({ headers, ip, encrypted: false })
const clientOf = (trusted: Parameters<typeof readProxies>[0], ip: string, forwardedFor?: string | string[]): string =>
  readConnection(callFrom(ip, { 'x-forwarded-for': forwardedFor }), readProxies(trusted)).ip

describe('with nobody trusted', () => {
  it('the client is the peer, whatever the headers say', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.anyText(), fc.anyText(), fc.anyText(), (ip, forwardedFor, proto, host) => {
        const headers = { host: 'real.example', 'x-forwarded-for': forwardedFor, 'x-forwarded-proto': proto, 'x-forwarded-host': host }
        expect(readConnection(callFrom(ip, headers), readProxies(undefined))).toEqual({ ip, https: false, host: 'real.example' })
      }),
    )
  })

  it('the many other headers in which accounts-js believed are not read at all', () => {
    const names = ['x-client-ip', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip', 'x-cluster-client-ip', 'fastly-client-ip', 'forwarded']
    const headers = Object.fromEntries(names.map(name => [name, '203.0.113.9']))
    expect(readConnection(callFrom('192.0.2.1', headers), readProxies(['192.0.2.1'])).ip).toBe('192.0.2.1')
  })
})

describe('with a list of proxies', () => {
  it('the chain is read from the right, up to the first address that is no proxy of ours', () => {
    const trusted = ['10.0.0.0/8', '2001:db8::/32']
    expect(clientOf(trusted, '10.0.0.1', '203.0.113.9')).toBe('203.0.113.9')
    expect(clientOf(trusted, '10.0.0.1', '1.1.1.1, 203.0.113.9, 10.2.3.4')).toBe('203.0.113.9')
    expect(clientOf(trusted, '2001:db8::1', '203.0.113.9')).toBe('203.0.113.9')
    expect(clientOf(trusted, '10.0.0.1', ['1.1.1.1', '203.0.113.9'])).toBe('203.0.113.9')
    expect(clientOf(trusted, '192.0.2.1', '203.0.113.9')).toBe('192.0.2.1')
  })

  it('what stands left of the client changes nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.anyText()), fc.ipV4(), (forged, client) => {
        fc.pre(!client.startsWith('10.'))
        expect(clientOf(['10.0.0.0/8'], '10.0.0.1', [...forged, client].join(', '))).toBe(client)
      }),
    )
  })

  it('nonsense from a trusted proxy leaves the proxy as the last address known', () => {
    for (const said of ['unknown', '', '_hidden', '999.1.1.1', "'; drop table"])
      expect(clientOf(['10.0.0.1'], '10.0.0.1', said)).toBe('10.0.0.1')
  })

  it('ports, brackets, zones and mapped addresses are taken off', () => {
    expect(clientOf(['10.0.0.1'], '::ffff:10.0.0.1', '203.0.113.9:4711')).toBe('203.0.113.9')
    expect(clientOf(['10.0.0.1'], '10.0.0.1', '[2001:db8::9]:443')).toBe('2001:db8::9')
    expect(clientOf(['10.0.0.1'], '10.0.0.1', 'fe80::1%eth0')).toBe('fe80::1')
  })
})

describe('with a number of proxies', () => {
  it('exactly so many steps are taken', () => {
    expect(clientOf(0, '10.0.0.1', '203.0.113.9')).toBe('10.0.0.1')
    expect(clientOf(1, '10.0.0.1', '1.1.1.1, 203.0.113.9')).toBe('203.0.113.9')
    expect(clientOf(2, '10.0.0.1', '1.1.1.1, 203.0.113.9, 10.2.3.4')).toBe('203.0.113.9')
    expect(clientOf(3, '10.0.0.1', '203.0.113.9')).toBe('203.0.113.9')
    expect(clientOf(1, '', '203.0.113.9')).toBe('203.0.113.9')
  })
})

it('scheme and host come from the nearest trusted proxy, not from what a client put in front', () => {
  const headers = { host: 'inner:3000', 'x-forwarded-proto': 'http, https', 'x-forwarded-host': 'evil.example, App.example' }
  expect(readConnection(callFrom('10.0.0.1', headers), readProxies(1))).toEqual({ ip: '10.0.0.1', https: true, host: 'app.example' })
})

it('a malformed trustedProxies is refused by name', () => {
  for (const given of [-1, 1.5, ['10.0.0.0/33'], ['::/129'], ['10.0.0.0/'], ['10.0.0.0/8/8'], ['proxy.example'], ['*']]) {
    expect(() => readProxies(given)).toThrow(/trustedProxies/)
  }
})
