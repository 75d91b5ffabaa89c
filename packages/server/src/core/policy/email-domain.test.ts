import { describe, expect, test } from 'vitest'
import { allowsEmail } from './email-domain.ts'

describe('a rule for addresses', () => {
  test.each([
    ['the same domain', 'example.org', 'ada@example.org', true],
    ['in another case', 'Example.ORG', 'ada@eXample.org', true],
    ['another domain', 'example.org', 'ada@example.com', false],
    ['a domain below it', 'example.org', 'ada@sub.example.org', false],
    ['a domain above it', 'sub.example.org', 'ada@example.org', false],
    ['a domain that ends like it', 'example.org', 'ada@evil-example.org', false],
    ['a domain that begins like it', 'example.org', 'ada@example.org.evil.example', false],
    ['the domain in the local part', 'example.org', 'example.org@evil.example', false],
    ['the international spelling of it', 'bücher.example', 'ada@xn--bcher-kva.example', true],
    ['the ASCII spelling of it', 'xn--bcher-kva.example', 'ada@Bücher.example', true],
    ['one of a list', ['example.com', 'example.org'], 'ada@example.org', true],
    ['none of a list', ['example.com', 'example.net'], 'ada@example.org', false],
    ['an empty list', [], 'ada@example.org', false],
    ['an empty domain', '', 'ada@example.org', false],
    ['no address', 'example.org', 'example.org', false],
    ['two addresses', 'example.org', 'eve@evil.example,ada@example.org', false],
    ['a function that agrees', (address: string) => address.startsWith('ada@'), 'ada@example.org', true],
    ['a function that agrees later', async (address: string) => address.startsWith('ada@'), 'ada@example.org', true],
    ['a function that does not', () => false, 'ada@example.org', false],
    ['a function, but no address', () => true, 'ada', false],
  ])('%s', async (_, rule, address, welcome) => {
    expect(await allowsEmail(rule, address)).toBe(welcome)
  })
})
