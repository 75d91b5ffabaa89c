import { describe, expect, it } from 'vitest'
import { liveSettings } from './live-settings.ts'

const tokenSecret = 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz'

describe('settings that change while the server runs', () => {
  it('are seen by whoever holds them', () => {
    const { settings, configure } = liveSettings({ tokenSecret })
    configure({ ambiguousErrorMessages: false, session: { absolute: '1d' } })
    expect(settings.ambiguousErrorMessages).toBe(false)
    expect(settings.session).toMatchObject({ absolute: 86_400_000, idle: 604_800_000 })
  })

  it('keep what was said before about the same group', () => {
    const { settings, configure } = liveSettings({ tokenSecret, password: { minLength: 12 } })
    configure({ password: { maxLength: 100 } })
    configure({ password: { refuseCommon: false } })
    expect(settings.password).toMatchObject({ minLength: 12, maxLength: 100, refuseCommon: false })
  })

  it('stay as they were when a change is refused', () => {
    const { settings, configure } = liveSettings({ tokenSecret })
    const before = { ...settings }
    expect(() => configure({ accessTokenLifetime: 'soon' })).toThrow(/accessTokenLifetime/)
    expect(settings).toEqual(before)
    configure({ issuer: 'us' })
    expect(settings.accessTokenLifetime).toBe(before.accessTokenLifetime)
  })

  it('refuse to change what the server is built on', () => {
    const { configure } = liveSettings({ tokenSecret })
    expect(() => configure({ tokenSecret: `${tokenSecret} another` })).toThrow(/tokenSecret cannot be changed/)
    expect(() => configure({ face: 'meteor' })).toThrow(/face cannot be changed/)
  })

  it('ask the services again what they say about passwords, and the app goes before them', () => {
    let minLength = 10
    const { settings, configure } = liveSettings({ tokenSecret, password: { maxLength: 99 } }, () => ({ minLength, maxLength: 50 }))
    minLength = 11
    configure({})
    expect(settings.password).toMatchObject({ minLength: 11, maxLength: 99 })
  })
})
