const { AccountsServer, ServerHooks } = require('@latchkey/server')
const { AccountsPassword } = require('@latchkey/server/strategies/password')
const { postgresStore } = require('@latchkey/server/stores/sql')
const { sendMail } = require('./mail')

exports.makeAccounts = async function makeAccounts(env) {
  const accountsServer = new AccountsServer(
    {
      db: postgresStore({ url: env.DATABASE_URL }),
      tokenSecret: env.TOKEN_SECRET,
      siteUrl: env.SITE_URL,
      sendMail: sendMail(env.MAIL_FILE),
      emailTemplates: { from: 'Notes <notes@example.org>' },
    },
    {
      password: new AccountsPassword({
        validatePassword: password => typeof password === 'string' && password.length >= 10,
        notifyUserAfterPasswordChanged: false,
      }),
    },
  )

  accountsServer.on(ServerHooks.LoginSuccess, ({ user }) => console.log(`signed in: ${user.id}`))
  await accountsServer.ready()
  return { accountsServer, close: () => accountsServer.stop() }
}
