// A process that is the client of another server, and does what it is told.
import { AccountsClient } from '@latchkey/client/meteor'

const [, , ddpUrl = ''] = process.argv
const upstream = new AccountsClient({ ddpUrl })

/** @type {Record<string, (...args: string[]) => unknown>} */
const deeds = {
  login: (name = '', password = '') => upstream.loginWithPassword(name, password),
  logout: () => upstream.logout(),
  // Whom the server takes us for.
  whoAmI: () => upstream.connection.call('latchkey.user'),
  // Whom we take ourselves for.
  userId: () => upstream.userId(),
  connected: () => upstream.connection.status().connected,
}

/**
 * Answers what came of it.
 * @param {{ id: number, deed: string, args: string[] }} told
 */
async function obey({ id, deed, args }) {
  try {
    process.send?.({ id, result: await deeds[deed]?.(...args) })
  } catch (error) {
    process.send?.({ id, error: String(error) })
  }
}

process.on('message', told => {
  if (typeof told === 'object' && told) return void obey(/** @type {Parameters<typeof obey>[0]} */ (told))
  // Nothing is left then that keeps a process alive.
  upstream.close()
  return process.disconnect()
})
