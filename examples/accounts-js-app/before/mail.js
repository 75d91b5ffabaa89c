const { appendFile } = require('node:fs/promises')

/** Where an app would hand the mail to a mail server, this one adds a line to a file. */
exports.sendMail = file => mail => appendFile(file, `${JSON.stringify(mail)}\n`)
