const express = require('express')
const { default: accountsExpress, userLoader } = require('@latchkey/server/express')
const { makeAccounts } = require('./accounts')
const { makeNotes } = require('./notes')

async function main(env) {
  const { accountsServer, close } = await makeAccounts(env)
  const notes = await makeNotes(env.DATABASE_URL, userLoader(accountsServer))

  const app = express()
  app.use(express.json())
  app.use(accountsExpress(accountsServer))
  app.use('/notes', notes.router)

  const server = app.listen(Number(env.PORT ?? 4000), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
  process.once('SIGTERM', () => {
    server.close(async () => {
      await notes.close()
      await close()
    })
    server.closeAllConnections()
  })
}

main(process.env).catch(error => {
  console.error(error)
  process.exitCode = 1
})
