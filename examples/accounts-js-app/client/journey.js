/**
 * What people do with the notes app, with accounts-js's own clients as npm has them: `node journey.js <url> <mails> <name>` signs up, writes a note, forgets
 * the password, and signs out; with `again` at the end it signs in as somebody who did all that before. One line for each thing that worked.
 */
const { readFile } = require('node:fs/promises')
const { AccountsClient } = require('@accounts/client')
const { AccountsClientPassword } = require('@accounts/client-password')
const { RestClient } = require('@accounts/rest-client')

const FIRST = 'my first own password'
const SECOND = 'the one after I forgot it'

async function main([url, mails, name, again]) {
  const client = new AccountsClient({ tokenStorage: inMemory() }, new RestClient({ apiHost: url, rootPath: '/accounts' }))
  const password = new AccountsClientPassword(client)
  const email = `${name}@example.org`

  await (again ? comeBack() : begin())

  async function begin() {
    say(`without signing in: ${(await fetch(`${url}/notes`)).status}`)
    await password.createUser({ email, password: FIRST })
    say('signed up')
    await signIn(FIRST)
    await write('milk')
    say(`notes: ${await read()}`)
    await password.requestPasswordReset(email)
    await password.resetPassword(await tokenFor(email), SECOND)
    say('chose another password')
    await password.login({ user: { email }, password: FIRST }).then(
      () => say('the old password still works'),
      error => say(`the old password: ${error.message}`),
    )
    await signIn(SECOND)
    await client.refreshSession(true)
    await write('bread')
    say(`notes: ${await read()}`)
    await client.logout()
    say(`signed out: ${await client.getTokens()}`)
  }

  async function comeBack() {
    await signIn(SECOND)
    say(`notes: ${await read()}`)
  }

  async function signIn(given) {
    await password.login({ user: { email }, password: given })
    const { emails } = await client.getUser()
    say(`signed in: ${emails[0].address}`)
  }

  async function authorized() {
    const { accessToken } = await client.getTokens()
    return { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' }
  }

  async function write(body) {
    await fetch(`${url}/notes`, { method: 'POST', headers: await authorized(), body: JSON.stringify({ body }) })
  }

  async function read() {
    const answer = await fetch(`${url}/notes`, { headers: await authorized() })
    return (await answer.json()).join(', ')
  }

  /** From the newest mail; mail may be sent after the answer. */
  async function tokenFor(address) {
    for (let tries = 0; tries < 200; tries += 1) {
      const lines = (await readFile(mails, 'utf8').catch(() => '')).trim().split('\n').filter(Boolean)
      const mail = lines.map(line => JSON.parse(line)).findLast(({ to, text }) => to === address && text.includes('/reset-password/'))
      if (mail) return /\/reset-password\/([\w-]+)/.exec(mail.text)[1]
      await new Promise(resolve => setTimeout(resolve, 25))
    }
    throw new Error(`no mail to ${address}`)
  }
}

const say = line => console.log(line)

function inMemory() {
  const kept = new Map()
  return {
    getItem: async key => kept.get(key) ?? null,
    setItem: async (key, value) => void kept.set(key, value),
    removeItem: async key => void kept.delete(key),
  }
}

main(process.argv.slice(2)).catch(error => {
  console.error(error)
  process.exitCode = 1
})
