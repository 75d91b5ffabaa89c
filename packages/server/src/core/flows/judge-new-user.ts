import { AccountsError } from '@latchkey/common'
import type { Core } from '../core.ts'
import { passThrough } from '../hooks.ts'
import { keptCustom } from '../identity/custom.ts'
import { parseEmail } from '../identity/email.ts'
import { newUserId } from '../identity/user-id.ts'
import type { UserEmail } from '../identity/user.ts'
import { parseUsername } from '../identity/username.ts'
import { allowsEmail } from '../policy/email-domain.ts'
import type { EmailRule } from '../policy/email-domain.ts'
import type { UserToBe } from '../policy/new-user.ts'

/** A user to be, read and normalised. */
export interface Draft {
  username?: string
  usernameKey?: string
  emails: (UserEmail & { key: string })[]
  /** Values as the app has them; {@link judgeNewUser} makes of them what is kept. */
  custom: Record<string, unknown>
}

/** Somebody who would become a user. */
export interface Newcomer {
  draft: Draft
  /** What was asked for, without the password: for the hook that makes the user. */
  options: Record<string, unknown>
  /** As hooks see them: see {@link UserToBe}. */
  services?: UserToBe['services']
  /** Fields they have when no hook makes the user. @default none */
  defaults?: Record<string, unknown>
  /** @default a new one */
  id?: string
  /** Epoch milliseconds. @default now */
  createdAt?: number
}

declare const judged: unique symbol

/** A newcomer about whom the app was asked: the only kind that can be inserted. */
export interface JudgedUser {
  readonly id: string
  readonly createdAt: number
  readonly draft: Draft
  readonly [judged]: true
}

/**
 * Asks the app about a new user, in this order: the hook that makes them, the rule for addresses (`restrictCreationByEmailDomain`), every hook that may refuse.
 * Each way to become a user comes past here before anything is written, so a refusal leaves nothing behind.
 * @throws AccountsError `EmailDomainForbidden`, `UserValidationFailed`, `InvalidUsername` and `InvalidEmail` for names a hook made, and what hooks throw
 */
export async function judgeNewUser(core: Core, newcomer: Newcomer): Promise<JudgedUser> {
  const { newUsers, settings } = core
  const offered: UserToBe = {
    id: newcomer.id ?? newUserId(core),
    ...(newcomer.draft.username === undefined ? {} : { username: newcomer.draft.username }),
    emails: newcomer.draft.emails.map(({ address, verified }) => ({ address, verified })),
    createdAt: newcomer.createdAt ?? core.clock.now(),
    custom: newcomer.draft.custom,
    services: newcomer.services ?? {},
  }
  const made = await asApp(newUsers.make(newcomer.options, offered))
  const user = { ...(made ?? { ...offered, custom: { ...offered.custom, ...newcomer.defaults } }), services: offered.services }
  const draft = made ? readNames(user, newcomer.draft) : { ...newcomer.draft, custom: user.custom }
  await refuseDomain(settings.restrictCreationByEmailDomain, user)
  await asApp(newUsers.ask(user))
  const kept = { id: readId(user.id), createdAt: user.createdAt, draft: { ...draft, custom: keptCustom(settings.face, draft.custom) } }
  // The brand that nobody else gives.
  return kept as unknown as JudgedUser
}

async function asApp<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (thrown) {
    throw passThrough(thrown)
  }
}

/** What a hook made of the names: those it left alone keep the keys they have, all others are read like anybody's. */
function readNames({ username, emails, custom }: UserToBe, before: Draft): Draft {
  const draft: Draft = { emails: [], custom }
  if (username !== undefined) {
    const read = username === before.username ? { username, key: before.usernameKey } : parseUsername(username)
    if (read?.key === undefined) throw new AccountsError('InvalidUsername', { details: { field: 'username' } })
    draft.username = read.username
    draft.usernameKey = read.key
  }
  for (const { address, verified } of emails) {
    const read = before.emails.find(email => email.address === address) ?? parseEmail(address)
    if (!read) throw new AccountsError('InvalidEmail', { details: { field: 'email' } })
    // An address is somebody's once.
    if (draft.emails.every(({ key }) => key !== read.key)) draft.emails.push({ address: read.address, verified, key: read.key })
  }
  return draft
}

const LONGEST_ID = 64

function readId(id: unknown): string {
  if (typeof id === 'string' && id !== '' && id.length <= LONGEST_ID) return id
  throw new AccountsError('InvalidInput', { message: `The id of a user is a text of 1 to ${LONGEST_ID} characters` })
}

/** One of their addresses must be welcome; of somebody without any, one that a provider told of. */
async function refuseDomain(rule: EmailRule | undefined, { emails, services }: UserToBe): Promise<void> {
  if (rule === undefined) return
  const own = emails.map(({ address }) => address)
  const told = Object.values(services).map(({ email }) => email)
  for (const address of own.length > 0 ? own : told) if (typeof address === 'string' && (await asApp(allowsEmail(rule, address)))) return
  throw new AccountsError('EmailDomainForbidden', typeof rule === 'string' ? { message: `@${rule} email required` } : {})
}
