/** A store out of an engine: each promise of the contract and the deed that keeps it. */
import type { SessionsAlone, Store, UsersAlone } from '../../core/store.ts'
import * as audit from './deeds/audit.ts'
import * as attempts from './deeds/attempts.ts'
import * as credentials from './deeds/credentials.ts'
import * as emails from './deeds/emails.ts'
import { insertMany } from './deeds/insert-many.ts'
import * as links from './deeds/links.ts'
import * as outbox from './deeds/outbox.ts'
import { endAllImpersonatedBy } from './deeds/end-sessions.ts'
import * as services from './deeds/services.ts'
import { rotate, rotateAlone } from './deeds/rotate.ts'
import { beginLogin } from './deeds/login.ts'
import * as sessions from './deeds/sessions.ts'
import * as tokens from './deeds/tokens.ts'
import { bumpEpoch } from './deeds/user-row.ts'
import * as users from './deeds/users.ts'
import type { Migrations } from './migrations/migrate.ts'
import type { Engine } from './statement.ts'

/** A store that keeps its data in SQL. */
export interface SqlStore extends Store {
  /** The schema: what is missing, and how to bring it up to date. */
  readonly migrations: Migrations
  readonly usersAlone: UsersAlone
  readonly sessionsAlone: SessionsAlone
}

/** The parts of a store that are deeds. */
export type Parts = Pick<
  SqlStore,
  'users' | 'sessions' | 'tokens' | 'attempts' | 'outbox' | 'audit' | 'services' | 'usersAlone' | 'sessionsAlone'
>

export function partsOf(engine: Engine): Parts {
  const { slice } = engine
  return {
    users: {
      insert: (user, along) => engine.transact(() => users.insertUser(user, along)),
      insertMany: made => insertMany(engine, made),
      find: identifier => engine.read(() => users.findUser(identifier)),
      beginLogin: lookup => engine.transact(() => beginLogin(lookup), 'relaxed'),
      credentials: userId => engine.read(() => credentials.listCredentials(userId)),
      putCredential: (credential, along) => engine.transact(() => credentials.putCredential(credential, along)),
      removeCredential: (userId, kind, id, along) => engine.transact(() => credentials.removeCredential(userId, kind, id, along)),
      swapCredential: (swap, along) => engine.transact(() => credentials.swapCredential(swap, along)),
      link: (account, judge, along) => engine.transact(() => links.linkAccount(account, judge, along)),
      unlink: (userId, kind, judge, along) => engine.transact(() => links.unlinkAccounts(userId, kind, judge, along)),
      upgradePassword: (userId, expected, next, now) => engine.transact(() => credentials.upgradePassword(userId, expected, next, now)),
      passwordForms: () => engine.read(() => credentials.passwordForms()),
      changePassword: (change, along) => engine.transact(() => credentials.changePassword(change, along)),
      verifyEmail: (hash, now, along) => engine.transact(() => emails.verifyEmail(hash, now, along)),
      addEmail: (userId, email, key, now, along) => engine.transact(() => emails.addEmail(userId, email, key, now, along)),
      removeEmail: (userId, key, now, along) => engine.transact(() => emails.removeEmail(userId, key, now, along)),
      replaceEmail: (userId, oldKey, email, key, now, along) =>
        engine.transact(() => emails.replaceEmail(userId, oldKey, email, key, now, along)),
      setUsername: (userId, username, key, now, along) => engine.transact(() => emails.setUsername(userId, username, key, now, along)),
      setCustom: (userId, custom, now) => engine.transact(() => users.setCustom(userId, custom, now)),
      changeCustom: (userId, change, now) => engine.transact(() => users.changeCustom(userId, change, now)),
      setDeactivated: (userId, deactivated, now, along) => engine.transact(() => users.setDeactivated(userId, deactivated, now, along)),
      remove: (userId, now, along) => engine.transact(() => users.removeUser(userId, now, along)),
      list: page => engine.read(() => users.listUsers(page)),
      count: () => engine.read(() => users.countUsers()),
    },
    sessions: {
      open: (session, along) => engine.transact(() => sessions.openSession(session, along)),
      find: sessionId => engine.read(() => sessions.findSession(sessionId)),
      findByResume: hash => engine.read(() => sessions.findByResume(hash)),
      rotate: rotation => engine.transact(() => rotate(rotation)),
      refreshChain: sessionId => engine.read(() => sessions.refreshChain(sessionId)),
      end: (sessionId, reason, now, along) => engine.transact(() => sessions.endSession(sessionId, reason, now, along)),
      endAll: (userId, reason, now, except, along) => engine.transact(() => sessions.endAll(userId, reason, now, except, along)),
      list: (userId, now) => engine.read(() => sessions.listSessions(userId, now)),
      touch: activity => engine.transact(() => sessions.touchSessions(activity), 'relaxed'),
      sweep: (now, keep, limit) => slice.run(limit, most => engine.transact(() => sessions.sweepSessions(now - keep, most), 'relaxed')),
    },
    tokens: {
      issue: (token, along) => engine.transact(() => tokens.issueToken(token, along)),
      find: (hash, purpose, now) => engine.read(() => tokens.findToken(hash, purpose, now)),
      consume: (hash, purpose, now, along) => engine.transact(() => tokens.consumeToken(hash, purpose, now, along)),
      miss: (hash, purpose, most) => engine.transact(() => tokens.missToken(hash, purpose, most)),
      drop: (userId, purposes, issuedBefore) => engine.transact(() => tokens.dropTokens(userId, purposes, issuedBefore)),
      sweep: (now, limit) => slice.run(limit, most => engine.transact(() => tokens.sweepTokens(now, most), 'relaxed')),
    },
    attempts: {
      count: (counts, now) => engine.transact(() => attempts.countAttempts(counts, now), 'relaxed'),
      fail: (keys, now, memory, along) => engine.transact(() => attempts.failAttempts(keys, now, memory, along)),
      failures: (keys, now) => engine.read(() => attempts.readFailures(keys, now)),
      clear: keys => engine.transact(() => attempts.clearFailures(keys)),
      sweep: (now, limit) => slice.run(limit, most => engine.transact(() => attempts.sweepAttempts(now, most), 'relaxed')),
    },
    outbox: {
      add: mail => engine.transact(() => outbox.addMail(mail)),
      claim: (now, limit, lease) => engine.transact(() => outbox.claimMail(now, limit, lease), 'relaxed'),
      done: id => engine.transact(() => outbox.finishMail(id)),
      retry: (id, nextTryAt) => engine.transact(() => outbox.retryMail(id, nextTryAt)),
      sweep: now => engine.transact(() => outbox.sweepMail(now), 'relaxed'),
      size: () => engine.read(() => outbox.countMail()),
    },
    audit: {
      add: events => engine.transact(() => audit.addEvents(events)),
      list: page => engine.read(() => audit.listEvents(page)),
      sweep: (before, limit) => slice.run(limit, most => engine.transact(() => audit.sweepEvents(before, most), 'relaxed')),
    },
    services: {
      list: () => engine.read(() => services.listServices()),
      insert: service => engine.transact(() => services.insertService(service)),
      swap: (expected, next) => engine.transact(() => services.swapService(expected, next)),
      remove: name => engine.transact(() => services.removeService(name)),
    },
    usersAlone: {
      bumpEpoch: (userId, now) => engine.transact(() => bumpEpoch(userId, now)),
    },
    sessionsAlone: {
      open: (session, along) => engine.transact(() => sessions.openAlone(session, along)),
      find: by => engine.read(() => sessions.findAlone(by)),
      deviceSeen: (userId, device) => engine.read(() => sessions.deviceSeen(userId, device)),
      rotate: (rotation, user) => engine.transact(() => rotateAlone(rotation, user)),
      endAll: (userId, reason, now, keep, along) => engine.transact(() => sessions.endAllAlone(userId, reason, now, keep, along)),
      endImpersonated: (userId, now, kept) => engine.transact(() => endAllImpersonatedBy(userId, now, kept)),
      forget: (userId, now) => engine.transact(() => users.forgetSessions(userId, now)),
    },
  }
}
