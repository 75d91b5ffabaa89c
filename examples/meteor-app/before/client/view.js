import { Meteor } from 'meteor/meteor'
import { Tracker } from 'meteor/tracker'
import { Notes } from './notes-collection.js'

/** Shows who is signed in, and their notes, now and whenever that changes. */
export function watch(show) {
  Meteor.subscribe('notes')
  return Tracker.autorun(() => {
    const user = Meteor.user()
    const notes = Notes.find().fetch()
    show({
      greeting: Meteor.loggingIn() ? 'One moment …' : `Hello ${user?.profile?.name ?? 'stranger'}`,
      plan: user?.plan ?? 'none',
      notes: notes.map(({ text }) => text),
    })
  })
}
