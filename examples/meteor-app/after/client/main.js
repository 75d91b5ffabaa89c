import { Accounts, Meteor } from '@latchkey/client/meteor'
import { watch } from './view.js'

const element = id => document.getElementById(id)
const valueOf = id => element(id).value
const onClick = (id, work) => element(id).addEventListener('click', work)
const tell = error => (element('error').textContent = error ? error.reason : '')

onClick('sign-up', () => {
  const [username, password] = [valueOf('username'), valueOf('password')]
  Accounts.createUser({ username, email: `${username}@example.org`, password, profile: { name: valueOf('name') } }, tell)
})
onClick('sign-in', () => Meteor.loginWithPassword(valueOf('username'), valueOf('password'), tell))
onClick('sign-out', () => Meteor.logout(tell))
onClick('write', () => Meteor.call('notes.insert', valueOf('text'), tell))

watch(({ greeting, notes }) => {
  element('greeting').textContent = greeting
  element('notes').replaceChildren(...notes.map(text => Object.assign(document.createElement('li'), { textContent: text })))
})
