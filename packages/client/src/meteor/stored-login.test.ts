import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FakePage } from '../testing/fake-page.ts'
import type { FakeStorage } from '../testing/fake-page.ts'
import { adasServer, clientOn, inDays, spy } from '../testing/meteor-fake.ts'
import { AccountsClient } from './index.ts'

const DAY = 86_400_000
const SUFFIX = ':http://test.example'

/** What Meteor's client leaves in a storage. */
function fill(storage: FakeStorage, { token = 'token-1', expires = String(new Date(Date.now() + 50 * DAY)), suffix = SUFFIX } = {}): void {
  storage.setItem(`Meteor.userId${suffix}`, 'ada')
  storage.setItem(`Meteor.loginToken${suffix}`, token)
  if (expires) storage.setItem(`Meteor.loginTokenExpires${suffix}`, expires)
}

let page: FakePage
const open: AccountsClient[] = []

function openPage(next = new FakePage()): void {
  page = next
  vi.stubGlobal('window', page.window)
}

function newClient(...given: Parameters<typeof clientOn>): AccountsClient {
  const client = clientOn(...given)
  open.push(client)
  return client
}

beforeEach(() => {
  vi.useFakeTimers()
  openPage()
})
afterEach(() => {
  for (const client of open.splice(0)) {
    client.close()
    client.connection.close()
  }
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const pass = (milliseconds = 50): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds)

describe('what is kept of a login', () => {
  test.each([
    ['local', { clientStorage: 'local' }],
    ['local', {}],
    ['session', { clientStorage: 'session' }],
    ['session', { clientStorage: true }],
  ] as const)('is in the %s storage with %j, and not in the other one', async (where, options) => {
    const client = newClient(adasServer(), options)
    await Promise.all([client.loginWithPassword('ada', 'a password'), pass()])
    const [there, elsewhere] = where === 'local' ? [page.localStorage, page.sessionStorage] : [page.sessionStorage, page.localStorage]
    expect(there.getItem(`Meteor.loginToken${SUFFIX}`)).toBe('token-1')
    expect([...elsewhere.kept]).toEqual([])
  })

  test('moves with config', async () => {
    const client = newClient(adasServer())
    client.config({ clientStorage: 'session' })
    await Promise.all([client.loginWithPassword('ada', 'a password'), pass()])
    expect([page.sessionStorage.kept.size, page.localStorage.kept.size]).toEqual([3, 0])
  })

  test('has Meteor’s names and its form of a date, and is gone after the sign-out', async () => {
    const client = newClient(adasServer())
    await Promise.all([client.loginWithPassword('ada', 'a password'), pass()])
    const expires = page.localStorage.getItem(`Meteor.loginTokenExpires${SUFFIX}`)
    expect(Object.fromEntries(page.localStorage.kept)).toEqual({
      [`Meteor.userId${SUFFIX}`]: 'ada',
      [`Meteor.loginToken${SUFFIX}`]: 'token-1',
      [`Meteor.loginTokenExpires${SUFFIX}`]: expires,
    })
    expect(expires).toBe(String(new Date(expires ?? '')))
    expect([client.LOGIN_TOKEN_KEY, client.USER_ID_KEY, client._storedUserId(), client._storedLoginTokenExpires()]).toEqual([
      `Meteor.loginToken${SUFFIX}`,
      `Meteor.userId${SUFFIX}`,
      'ada',
      expires,
    ])
    await Promise.all([client.logout(), pass()])
    expect(page.localStorage.kept.size).toBe(0)
  })

  test('has plain names for the page’s own server, and those of no other', async () => {
    const server = adasServer()
    vi.stubGlobal('WebSocket', server.webSocket)
    const own = new AccountsClient()
    const other = newClient(adasServer())
    open.push(own)
    await Promise.all([own.loginWithPassword('ada', 'a password'), pass()])
    expect(own.connection._stream.rawUrl).toBe('http://app.test')
    expect([...page.localStorage.kept.keys()].toSorted()).toEqual(['Meteor.loginToken', 'Meteor.loginTokenExpires', 'Meteor.userId'])
    expect(other._storedLoginToken()).toBeNull()
  })

  test('outlasts a storage that is full, for as long as the page does', async () => {
    const complained = vi.spyOn(console, 'error').mockImplementation(() => {})
    page.localStorage.full = true
    const client = newClient(adasServer())
    await Promise.all([client.loginWithPassword('ada', 'a password'), pass()])
    expect([client.userId(), client._storedLoginToken()]).toEqual(['ada', 'token-1'])
    complained.mockRestore()
  })
})

test('a storage that is taken away signs nobody out, and is done without', async () => {
  const server = adasServer()
  const client = newClient(server)
  await Promise.all([client.loginWithPassword('ada', 'a password'), pass()])
  page.localStorage.forbidden = true
  await pass(10_000)
  expect([client.userId(), client._storedLoginToken()]).toEqual(['ada', 'token-1'])
  server.peer.close()
  await pass()
  expect([client.userId(), server.peer.method('login')?.['params']]).toEqual(['ada', [{ resume: 'token-1' }]])
  await Promise.all([client.logout(), pass()])
  expect([client.userId(), client._storedLoginToken()]).toEqual([null, null])
})

test('a storage that fills up keeps nothing of whoever was signed in before', async () => {
  const complained = vi.spyOn(console, 'error').mockImplementation(() => {})
  fill(page.localStorage, { token: 'token-of-before' })
  const server = adasServer()
  server.methods['login'] = () => ({ id: 'ben', token: 'token-2', tokenExpires: inDays(90), type: 'password' })
  const client = newClient(server)
  page.localStorage.full = true
  await Promise.all([client.loginWithPassword('ben', 'a password'), pass(3000)])
  expect([client.userId(), client._storedLoginToken(), page.localStorage.kept.size]).toEqual(['ben', 'token-2', 0])
  complained.mockRestore()
})

describe('at the load of a page', () => {
  test('the stored user is believed at once, and signed in', async () => {
    fill(page.localStorage)
    const server = adasServer()
    const client = newClient(server)
    const told = spy()
    client.onPageLoadLogin(told)
    expect([client.userId(), client.loggingIn(), client.state.get().status]).toEqual(['ada', true, 'loading'])
    await pass()
    expect([client.user(), client.loggingIn(), client.state.get().status]).toEqual([{ _id: 'ada', username: 'ada' }, false, 'signedIn'])
    const outcome = { type: 'resume', allowed: true, methodName: 'login', methodArguments: [{ resume: 'token-1' }] }
    const late = spy()
    client.onPageLoadLogin(late)
    expect([told.mock.calls, late.mock.calls]).toEqual([[[outcome]], [[outcome]]])
    expect(server.peer.heard.slice(0, 3).map(({ msg }) => msg)).toEqual(['connect', 'method', 'sub'])
  })

  test('a token the server does not take is forgotten, and the page is told', async () => {
    fill(page.localStorage, { token: 'stolen' })
    const client = newClient(adasServer())
    const told = spy()
    client.onPageLoadLogin(told)
    await pass()
    expect([client.userId(), page.localStorage.kept.size, client.loggingIn()]).toEqual([null, 0, false])
    expect(told.mock.calls).toMatchObject([[{ allowed: false, error: { error: 403 } }]])
  })

  test('somebody whose token is refused is never shown as signed in', async () => {
    fill(page.localStorage, { token: 'stolen' })
    const client = newClient(adasServer())
    const seen: string[] = []
    client.state.subscribe(({ status }) => seen.push(status))
    await pass()
    expect(seen).toEqual(['loading', 'signedOut'])
  })

  test('whoever is told and throws keeps nobody else from being told', async () => {
    const reported = vi.spyOn(console, 'error').mockImplementation(() => {})
    fill(page.localStorage)
    const client = newClient(adasServer())
    const told = spy()
    client.onPageLoadLogin(() => {
      throw new Error('of the app')
    })
    client.onPageLoadLogin(told)
    await pass()
    expect([client.userId(), told.mock.calls.length, reported.mock.calls.length]).toEqual(['ada', 1, 1])
    reported.mockRestore()
  })

  test('a sign-in by a redirect is reported by whoever sees to it, and the first report of a page counts', () => {
    const client = newClient(adasServer())
    const told = spy()
    client.onPageLoadLogin(told)
    const outcome = { type: 'google', allowed: true, methodName: 'login', methodArguments: [{}] }
    client._pageLoadLogin(outcome)
    client._pageLoadLogin({ ...outcome, allowed: false })
    expect(told.mock.calls).toEqual([[outcome]])
  })

  test.each(['too-many-requests', 500, 503])('a server that answers %s is asked again, and nobody is signed out', async error => {
    fill(page.localStorage)
    const server = adasServer()
    const { login } = server.methods
    let refuse = 2
    server.methods['login'] = (...call) => {
      if (refuse-- > 0) throw { error, reason: 'not now', details: { timeToReset: 5000 }, errorType: 'Meteor.Error' }
      return login?.(...call)
    }
    const client = newClient(server)
    await pass(4000)
    expect([client.userId(), client.loggingIn(), client._storedLoginToken()]).toEqual(['ada', true, 'token-1'])
    await pass(7000)
    expect([client.userId(), client.loggingIn(), refuse]).toEqual(['ada', false, -1])
  })

  test('a token that is nearly over is not tried', async () => {
    fill(page.localStorage, { expires: String(new Date(Date.now() + 600_000)) })
    const server = adasServer()
    const client = newClient(server)
    await pass()
    expect([client.userId(), page.localStorage.kept.size, server.peer.method('login')]).toEqual([null, 0, undefined])
  })

  test.each(['', 'übermorgen', String(new Date(0)), 'Invalid Date'])(
    'an expiry that reads %j says nothing, and the token is tried',
    async expires => {
      fill(page.localStorage, { expires })
      const client = newClient(adasServer())
      await pass()
      expect(client.user()).toEqual({ _id: 'ada', username: 'ada' })
    },
  )
})

describe('between tabs', () => {
  test('a sign-in in another one signs in here, at the event of the storage', async () => {
    const client = newClient(adasServer())
    await pass()
    fill(page.localStorage)
    page.storageEvent(`Meteor.loginToken${SUFFIX}`)
    await pass()
    expect(client.user()).toEqual({ _id: 'ada', username: 'ada' })
  })

  test('a browser that says nothing is looked at every three seconds', async () => {
    const client = newClient(adasServer())
    await pass()
    fill(page.localStorage)
    await pass(2800)
    expect(client.userId()).toBeNull()
    await pass(300)
    expect(client.userId()).toBe('ada')
  })

  test('a sign-out in another one signs out here', async () => {
    const client = newClient(adasServer())
    await Promise.all([client.loginWithPassword('ada', 'a password'), pass()])
    const told = spy()
    client.onLogout(told)
    page.localStorage.kept.clear()
    page.storageEvent(null)
    await pass()
    expect([client.userId(), told.mock.calls.length]).toEqual([null, 1])
  })

  test('what another tab stores while this one follows its sign-out stays, and signs in here too', async () => {
    const server = adasServer()
    const client = newClient(server)
    await Promise.all([client.loginWithPassword('ada', 'a password'), pass()])
    const { logout } = server.methods
    server.methods['logout'] = (...call) => {
      // The other tab is quicker than the answer
      fill(page.localStorage, { token: 'token-2' })
      return logout?.(...call)
    }
    page.localStorage.kept.clear()
    page.storageEvent(null)
    await pass()
    expect(page.localStorage.getItem(`Meteor.loginToken${SUFFIX}`)).toBe('token-2')
    await pass(3000)
    expect([client.userId(), client._storedLoginToken()]).toEqual(['ada', 'token-2'])
  })

  test('what this tab writes itself starts nothing', async () => {
    const server = adasServer()
    const client = newClient(server)
    await Promise.all([client.loginWithPassword('ada', 'a password'), pass()])
    await pass(10_000)
    expect(server.peer.heard.filter(({ msg }) => msg === 'method')).toHaveLength(1)
  })

  test('a closed client listens no more', async () => {
    const client = newClient(adasServer())
    expect(page.listening).toBe(1)
    client.close()
    expect(page.listening).toBe(0)
    fill(page.localStorage)
    await pass(10_000)
    expect(client.userId()).toBeNull()
  })
})

describe('a page that is opened by a link from a mail', () => {
  test.each([
    ['reset-password', 'onResetPasswordLink', '_resetPasswordToken'],
    ['verify-email', 'onEmailVerificationLink', '_verifyEmailToken'],
    ['enroll-account', 'onEnrollmentLink', '_enrollAccountToken'],
  ] as const)('#/%s calls %s once, with the token, and signs nobody in until it is done', async (kind, on, token) => {
    openPage(new FakePage(`#/${kind}/secret-1`))
    fill(page.localStorage)
    const client = newClient(adasServer())
    const told = spy()
    client[on](told)
    const others = spy()
    for (const other of ['onResetPasswordLink', 'onEmailVerificationLink', 'onEnrollmentLink'] as const)
      if (other !== on) client[other](others)
    expect([client[token], page.location.hash, client._autoLoginEnabled]).toEqual(['secret-1', '', false])
    await pass(10_000)
    expect([told.mock.calls.length, told.mock.calls[0]?.[0], others.mock.calls.length, client.userId()]).toEqual([1, 'secret-1', 0, null])
    const [, done] = told.mock.lastCall as [string, () => void]
    done()
    await pass()
    expect([client._autoLoginEnabled, client.userId(), told.mock.calls.length]).toEqual([true, 'ada', 1])
  })

  test('the token of a link is not in the history of the page either', () => {
    openPage(new FakePage('#/reset-password/secret-1'))
    newClient(adasServer())
    expect([page.replaced, page.location.hash]).toEqual([['http://app.test/in/'], ''])
  })

  test('a link that nobody waits for keeps nobody out', async () => {
    openPage(new FakePage('#/verify-email/secret-1'))
    fill(page.localStorage)
    const client = newClient(adasServer())
    expect(client.userId()).toBeNull()
    await pass()
    expect(client.userId()).toBe('ada')
    const late = spy()
    client.onEmailVerificationLink(late)
    await pass()
    expect(late).toHaveBeenCalledExactlyOnceWith('secret-1', expect.any(Function))
  })

  test('a second callback of a kind replaces the first one, with a warning', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    openPage(new FakePage('#/verify-email/secret-1'))
    const client = newClient(adasServer())
    const [first, second] = [spy(), spy()]
    client.onEmailVerificationLink(first)
    client.onEmailVerificationLink(second)
    await pass()
    expect([first.mock.calls.length, second.mock.calls.length, warned.mock.calls.length]).toEqual([0, 1, 1])
    warned.mockRestore()
  })

  test('a link to sign in does so on the page of the server, and is taken out of the address', async () => {
    openPage(new FakePage('', undefined, '?loginToken=ABC123&selector=ada%2Bx%40example.org'))
    const server = adasServer()
    vi.stubGlobal('WebSocket', server.webSocket)
    const client = new AccountsClient()
    open.push(client)
    await pass()
    expect(client.userId()).toBe('ada')
    expect(server.peer.method('login')?.['params']).toEqual([{ selector: { email: 'ada+x@example.org' }, token: 'ABC123' }])
    expect(page.replaced).toEqual(['/in/'])
  })
})
