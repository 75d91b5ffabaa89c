import { expect, test } from 'vitest'
import { foreignHosts, missingParts } from './lock.mjs'

const owner = { version: '2.0.0', dev: true, license: 'MIT' }

test('a native part that the lock leaves out is named, with the platform it is for', () => {
  const optionalDependencies = {
    '@x/binding-darwin-arm64': '2.0.0',
    '@x/binding-linux-x64-gnu': '2.0.0',
    '@x/binding-linux-arm-musleabihf': '2.0.0',
  }
  const lock = {
    packages: { 'node_modules/x': { ...owner, optionalDependencies }, 'node_modules/@x/binding-linux-x64-gnu': { version: '2.0.0' } },
  }
  expect(missingParts(lock)).toEqual({
    'node_modules/@x/binding-darwin-arm64': { version: '2.0.0', dev: true, license: 'MIT', optional: true, os: ['darwin'], cpu: ['arm64'] },
    'node_modules/@x/binding-linux-arm-musleabihf': {
      version: '2.0.0',
      dev: true,
      license: 'MIT',
      optional: true,
      os: ['linux'],
      cpu: ['arm'],
      libc: ['musl'],
    },
  })
})

test('a part that lies inside its owner is there', () => {
  const packages = { 'node_modules/x': { optionalDependencies: { y: '1.0.0' } }, 'node_modules/x/node_modules/y': { version: '1.0.0' } }
  expect(missingParts({ packages })).toEqual({})
})

test('hosts other than the public registry are named', () => {
  const packages = {
    a: { resolved: 'https://registry.npmjs.org/a/-/a-1.tgz' },
    b: { resolved: 'http://mirror.internal/b.tgz' },
    c: { resolved: 'packages/c', link: true },
  }
  expect(foreignHosts({ packages })).toEqual(['mirror.internal'])
})
