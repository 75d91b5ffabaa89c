/**
 * Moves users from Meteor's MongoDB, which is only read. Who is there already is left alone, so it can run again.
 *
 *     npm install mongodb
 *     MONGO_URL=mongodb://localhost:3001/meteor DATABASE_URL=accounts.db LATCHKEY_SECRET=… node move-users.js
 */
import { fileURLToPath } from 'node:url'
import { sealTotpSecret } from '@latchkey/server'
import { Accounts } from '@latchkey/server/meteor'

/** Creates the user of one document as Meteor keeps it: with their password, their provider accounts, their second factor, and signed in where they were. */
export async function moveUser(accounts, { _id, services = {}, ...fields }) {
  const { password, resume, twoFactorAuthentication, email: _links, passwordless: _codes, ...providers } = services
  const { bcrypt, argon2 } = password ?? {}
  const id = String(_id)
  const kept = { ...providers, ...(bcrypt || argon2 ? { password: { bcrypt, argon2 } } : {}) }
  await accounts.insertUserDoc({}, { ...fields, _id: id, services: kept })

  const { core } = accounts.accounts
  const { type, secret } = twoFactorAuthentication ?? {}
  if (type === 'otp') await core.store.users.putCredential(sealTotpSecret(core, id, secret))

  for (const token of resume?.loginTokens ?? []) {
    // Those of Meteor's first years were kept as they were; short ones can be guessed.
    if (token.hashedToken) await accounts._insertHashedLoginToken(id, token)
    else if (token.token?.length >= 32) await accounts._insertLoginToken(id, token)
  }
}

async function moveAll({ MONGO_URL }) {
  const { MongoClient } = await import('mongodb')
  const client = await MongoClient.connect(MONGO_URL)
  let moved = 0
  for await (const user of client.db().collection('users').find()) {
    try {
      if (await Accounts.users.findOneAsync(String(user._id))) continue
      await moveUser(Accounts, user)
      moved += 1
    } catch (error) {
      console.error(`${user._id}: ${error.message}`)
    }
  }
  console.log(`${moved} users moved`)
  await client.close()
  await Accounts.stop()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await moveAll(process.env)
