/** What users prove themselves with. The adapter keeps the password and one account for each provider; all else is ours. */
import { isDeepStrictEqual } from 'node:util'
import { AccountsError } from '@latchkey/common'
import { passwordOf } from '../../core/identity/credential.ts'
import type { Credential, StoredPassword } from '../../core/identity/credential.ts'
import { TOTP } from '../../core/identity/totp.ts'
import type { Along, PasswordChange, UserStore } from '../../core/store.ts'
import { presentedTwoFactor, providerOf, serviceData } from './accounts.ts'
import { release } from './claims.ts'
import { findKept } from './find.ts'
import { refuseUnreadable, rowOf } from './insert.ts'
import type { Joined, Known } from './joined.ts'
import { knowById } from './mirror.ts'
import { isNote, noting, notingPassword } from './notes.ts'
import { mirrored, printOf } from './prints.ts'

type Deeds = Pick<
  UserStore,
  | 'credentials'
  | 'putCredential'
  | 'removeCredential'
  | 'swapCredential'
  | 'link'
  | 'unlink'
  | 'upgradePassword'
  | 'passwordForms'
  | 'changePassword'
>

/** Passwords, second factors, accounts elsewhere. */
export function databaseCredentials(joined: Joined): Deeds {
  const { adapter, store } = joined
  const { users } = store
  return {
    credentials: async userId => (await knowById(joined, userId))?.credentials ?? [],

    async putCredential(credential, along) {
      const known = await knowById(joined, credential.userId)
      if (!known) return
      if (credential.kind === 'password') refuseUnreadable(passwordIn(credential), joined.upgradePasswords)
      await notingChange(joined, known, credential, async () => {
        await users.putCredential(rowOf(credential), along)
        await writeToAdapter(joined, known, credential)
      })
    },

    async removeCredential(userId, kind, id, along) {
      const known = await knowById(joined, userId)
      const shown = known?.credentials.find(one => one.kind === kind && one.id === id)
      if (!known || !shown) return false
      return notingChange(joined, known, shown, async () => {
        if (!(await swapRow(joined, known, shown, null, along))) return false
        await removeFromAdapter(joined, known, shown)
        return true
      })
    },

    async swapCredential({ expected, next }, along) {
      const about = expected ?? next
      const { userId, kind, id } = about
      const known = await knowById(joined, userId)
      if (!known) return false
      const shown = known.credentials.find(one => one.kind === kind && one.id === id) ?? null
      if (!isDeepStrictEqual(shown, expected)) return false
      if (next?.kind === 'password') refuseUnreadable(passwordIn(next), joined.upgradePasswords)
      return notingChange(joined, known, next ?? about, async () => {
        if (!(await swapRow(joined, known, shown, next, along))) return false
        if (next) await writeToAdapter(joined, known, next)
        else if (shown) await removeFromAdapter(joined, known, shown)
        return true
      })
    },

    async link(account, judge, along) {
      const { userId, kind, id } = account
      const known = await knowById(joined, userId)
      if (!known) return 'gone'
      const judgeShown = shownTo(judge, known)
      const owner = await findKept(joined, { kind, key: id })
      if (owner && owner.id !== userId) return 'taken'
      return noting(joined, userId, [{ kind, key: id }], async () => {
        let outcome = await users.link(account, judgeShown, along)
        if (outcome === 'taken' && (await release(joined, { kind, key: id }))) outcome = await users.link(account, judgeShown, along)
        if (outcome === 'linked') await writeToAdapter(joined, known, account)
        return outcome
      })
    },

    async unlink(userId, kind, judge, along) {
      const known = await knowById(joined, userId)
      if (!known) return 'missing'
      const judgeShown = shownTo(judge, known)
      return noting(joined, userId, [{ kind, key: '' }], async () => {
        const outcome = await users.unlink(userId, kind, judgeShown, along)
        if (outcome === 'unlinked') await adapter.unsetAccount(userId, providerOf(kind) ?? '')
        return outcome
      })
    },

    async upgradePassword(userId, expected, next, now) {
      refuseUnreadable(next, joined.upgradePasswords)
      const known = await knowById(joined, userId)
      if (!known || !isDeepStrictEqual(passwordOf(known.credentials), expected)) return false
      const prints = [printOf(expected.form, expected.hash), printOf(next.form, next.hash)] as const
      return notingPassword(joined, userId, prints[0].hash, prints[1].hash, async () => {
        if (!(await users.upgradePassword(userId, ...prints, now))) return false
        await adapter.setPassword(userId, next.hash)
        return true
      })
    },

    async passwordForms() {
      const forms = await users.passwordForms()
      // Whoever was not seen here yet has what accounts-js makes.
      return { ...forms, bcrypt: (forms.bcrypt ?? 0) + 1 }
    },

    changePassword: (change, along) => changePassword(joined, change, along),
  }
}

/** The core's rule is asked with what the core is shown. */
const shownTo =
  (judge: (credentials: readonly Credential[]) => boolean, { kept }: Known) =>
  (rows: readonly Credential[]): boolean =>
    judge(
      presentedTwoFactor(
        kept,
        rows.filter(row => !isNote(row)),
      ),
    )

/**
 * In our store first, where it is one deed with the link that allows it and the sessions it ends; then in the adapter. A note says so meanwhile: until
 * both have it no password is good, and nobody takes the old hash for a change by the old app. Should this process die in between, the note grows old,
 * the adapter's word counts again, and the user has the old password and no session.
 */
async function changePassword(joined: Joined, change: PasswordChange, along: Along | undefined): ReturnType<UserStore['changePassword']> {
  const { adapter, store } = joined
  const { userId, password, expected } = change
  refuseUnreadable(password, joined.upgradePasswords)
  const known = await knowById(joined, userId)
  if (!known) return 'gone'
  const print = printOf(password.form, password.hash)
  return notingPassword(joined, userId, mirrored(known.seen.rows)?.hash ?? null, print.hash, async () => {
    const ours = { ...change, password: print, ...(expected ? { expected: printOf(expected.form, expected.hash) } : {}) }
    const outcome = await store.users.changePassword(ours, along)
    if (outcome !== 'changed') return outcome
    await adapter.setPassword(userId, password.hash)
    await verifyProven(joined, known, change.verifyEmailKey)
    return 'changed'
  })
}

/** Notes the change of a credential that both databases have. */
function notingChange<T>(joined: Joined, { user, seen }: Known, credential: Credential, deed: () => Promise<T>): Promise<T> {
  const { kind, id } = credential
  if (kind === 'password') {
    const { form, hash } = passwordIn(credential)
    return notingPassword(joined, user.id, mirrored(seen.rows)?.hash ?? null, printOf(form, hash).hash, deed)
  }
  const provider = providerOf(kind)
  return provider === undefined ? deed() : noting(joined, user.id, [{ kind: `oauth:${provider}`, key: id }], deed)
}

async function verifyProven({ adapter }: Joined, { kept }: Known, key: string | undefined): Promise<void> {
  const proven = key === undefined ? undefined : kept.emails.find(email => email.key === key)
  if (proven) await adapter.verifyEmail(kept.id, proven.address)
}

/**
 * Swaps what our store has of a credential for `next`. A second factor of the old app's of which nothing was used here yet is not in our store; it is
 * put there first, so that of two who use or remove it at once one wins.
 */
async function swapRow(
  { store: { users } }: Joined,
  { seen }: Known,
  shown: Credential | null,
  next: Credential | null,
  along: Along | undefined,
): Promise<boolean> {
  const { userId, kind, id } = shown ?? next ?? NO_ONE
  const row = seen.rows.find(one => one.kind === kind && one.id === id) ?? null
  if (next)
    return row
      ? users.swapCredential({ expected: row, next: rowOf(next) }, along)
      : users.swapCredential({ expected: null, next: rowOf(next) }, along)
  if (!shown) return false
  if (!row && !(await users.swapCredential({ expected: null, next: rowOf(shown) }))) return false
  return users.removeCredential(userId, kind, id, along)
}

const NO_ONE = { userId: '', kind: '', id: '' }

/** What the old app understands of a credential. What it has of a provider's account already, it keeps. */
async function writeToAdapter({ adapter }: Joined, { kept }: Known, credential: Credential): Promise<void> {
  const provider = providerOf(credential.kind)
  if (credential.kind === 'password') await adapter.setPassword(kept.id, passwordIn(credential).hash)
  else if (provider !== undefined && kept.accounts.get(provider)?.id !== credential.id)
    await adapter.setAccount(kept.id, provider, serviceData(credential))
}

async function removeFromAdapter({ adapter }: Joined, { kept }: Known, { kind, id }: Credential): Promise<void> {
  const provider = providerOf(kind)
  if (kind === 'password') await adapter.unsetPassword(kept.id)
  else if (kind === TOTP) await adapter.unsetTwoFactor(kept.id)
  else if (provider !== undefined && kept.accounts.get(provider)?.id === id) await adapter.unsetAccount(kept.id, provider)
}

/** @throws AccountsError `InvalidSettings` for a password without hash or form */
function passwordIn(credential: Credential): StoredPassword {
  const password = passwordOf([credential])
  if (!password) throw new AccountsError('InvalidSettings', { message: 'A password is kept with its hash and its form' })
  return password
}
