import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { Accounts, Meteor } from '@latchkey/server/meteor'
import { attachDdp } from '@latchkey/server/node'
import express from 'express'
import './accounts.js'
import './notes.js'

await Meteor.startup(() => console.log(`Notes are at ${Meteor.absoluteUrl()}`))

// Meteor's own server did this: the page, and sockets beside it.
const page = process.env.PAGE ?? fileURLToPath(new URL('../dist', import.meta.url))
const server = createServer(express().use(express.static(page)))
const sockets = attachDdp(server, Meteor.server)
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))

process.once('SIGTERM', async () => {
  await sockets.stop()
  await Meteor.server.stop()
  await Accounts.stop()
  server.close()
  server.closeAllConnections()
})
