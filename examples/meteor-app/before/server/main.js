import { Meteor } from 'meteor/meteor'
import './accounts.js'
import './notes.js'

Meteor.startup(() => console.log(`Notes are at ${Meteor.absoluteUrl()}`))
