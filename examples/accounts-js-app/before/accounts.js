const { AccountsServer, ServerHooks } = require('@accounts/server')
const { AccountsPassword } = require('@accounts/password')
const { AccountsTypeorm, entities } = require('@accounts/typeorm')
const { createConnection } = require('typeorm')
const { sendMail } = require('./mail')

exports.makeAccounts = async function makeAccounts(env) {
  const connection = await createConnection({ type: 'postgres', url: env.DATABASE_URL, entities, synchronize: true })

  const accountsServer = new AccountsServer(
    {
      db: new AccountsTypeorm({ connection }),
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
  return { accountsServer, close: () => connection.close() }
}
