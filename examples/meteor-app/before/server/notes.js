import { Meteor } from 'meteor/meteor'
import { Notes } from './notes-collection.js'

Meteor.methods({
  async 'notes.insert'(text) {
    const owner = Meteor.userId()
    if (!owner) throw new Meteor.Error('not-authorized', 'Sign in to write notes')
    if (typeof text !== 'string' || text === '') throw new Meteor.Error(400, 'A note needs a text')
    return Notes.insertAsync({ owner, text, createdAt: new Date() })
  },

  async plan() {
    const user = await Meteor.userAsync()
    return user?.plan ?? 'none'
  },
})

Meteor.publish('notes', function () {
  return this.userId ? Notes.find({ owner: this.userId }) : this.ready()
})
