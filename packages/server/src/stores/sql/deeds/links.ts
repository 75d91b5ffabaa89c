/** Deeds on accounts elsewhere that sign in to accounts here: the identifier and the credential come and go together. */
import type { Credential, LinkedAccount } from '../../../core/identity/credential.ts'
import type { Along } from '../../../core/store.ts'
import { one, statement, write } from '../statement.ts'
import type { Deed } from '../statement.ts'
import { writeAlong } from './along.ts'
import { credentialValues, listCredentials, putCredentialRow } from './credentials.ts'
import { claim, lockUser } from './user-row.ts'

export function* linkAccount(
  account: LinkedAccount,
  judge: (kept: readonly Credential[]) => boolean,
  along?: Along,
): Deed<'linked' | 'taken' | 'gone' | 'refused'> {
  const { userId, kind, id } = account
  if (!(yield* lockUser(userId))) return 'gone'
  if (!judge(yield* listCredentials(userId))) return 'refused'
  if (!(yield* claim({ kind, key: id }, userId)) && (yield* one(OWNER, [kind, id]))?.user_id !== userId) return 'taken'
  yield* write(putCredentialRow, credentialValues(account))
  yield* writeAlong(along)
  return 'linked'
}

export function* unlinkAccounts(
  userId: string,
  kind: LinkedAccount['kind'],
  judge: (left: readonly Credential[]) => boolean,
  along?: Along,
): Deed<'unlinked' | 'missing' | 'refused'> {
  if (!(yield* lockUser(userId))) return 'missing'
  const credentials = yield* listCredentials(userId)
  const left = credentials.filter(credential => credential.kind !== kind)
  if (left.length === credentials.length) return 'missing'
  if (!judge(left)) return 'refused'
  yield* write(REMOVE_CREDENTIALS, [userId, kind])
  yield* write(REMOVE_IDENTIFIERS, [userId, kind])
  yield* writeAlong(along)
  return 'unlinked'
}

const OWNER = statement<{ user_id: string }>(
  'identifiers_owner',
  ({ t }) => `select user_id from ${t.identifiers} where collection = $1 and kind = $2 and key = $3`,
)

const REMOVE_CREDENTIALS = statement(
  'links_remove_credentials',
  ({ t }) => `delete from ${t.credentials} where collection = $1 and user_id = $2 and kind = $3`,
)

const REMOVE_IDENTIFIERS = statement(
  'links_remove_identifiers',
  ({ t }) => `delete from ${t.identifiers} where collection = $1 and user_id = $2 and kind = $3`,
)
