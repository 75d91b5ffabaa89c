import { Accounts } from 'meteor/accounts-base'
import { Meteor } from 'meteor/meteor'

Accounts.config({ sendVerificationEmail: true, loginExpirationInDays: 30 })
Accounts.setDefaultPublishFields({ username: 1, emails: 1, profile: 1, plan: 1 })

Accounts.emailTemplates.siteName = 'Notes'
Accounts.emailTemplates.from = 'Notes <notes@example.org>'

Accounts.validateNewUser(user => {
  if (!/^[a-z]{3,}$/.test(user.username ?? '')) throw new Meteor.Error(403, 'Names have three small letters or more')
  return true
})

Accounts.onCreateUser((options, user) => ({ ...user, plan: 'free', profile: { name: options.profile?.name ?? user.username } }))

Accounts.validateLoginAttempt(({ allowed, user }) => {
  if (user?.plan === 'blocked') throw new Meteor.Error(403, 'This account is blocked')
  return allowed
})

Accounts.onLogin(({ user, type }) => console.log(`${user.username} signed in by ${type}`))
