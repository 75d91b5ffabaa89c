/** What an import has to tell about single users and rows: each with its id, and what to do. */

/** Everything that can need attention, and what to do about it. */
export const ADVICE = {
  'email-taken':
    'Another account has this address, perhaps spelt with other capitals. It is kept for show, and nobody can sign in or recover this account with it. Ask the owner which account to keep; delete the other with latchkey user delete.',
  'username-taken':
    'Another account has this username, perhaps spelt with other capitals. The older account keeps it; this one shows it and signs in by e-mail address. Set another one when the owner asks for it.',
  'oauth-taken':
    'Another account is linked to the same account at the provider. The older one keeps it; this one can be linked to another.',
  'email-doubled': 'The same address in another spelling, of the same user. It was left behind.',
  'email-odd':
    'This address would not be accepted today and may not receive mail. Signing in with it works as before; ask the owner for another.',
  'email-unusable':
    'This address is no address, or looks like that of somebody else. It is kept for show, and nobody can sign in or recover this account with it.',
  'username-odd':
    'This username would not be accepted today. Signing in with it works when it is sent as { user: { username } }, as a name with "@" must be.',
  'username-unusable': 'This username is empty or too long to sign in with. It is kept for show.',
  'no-identifier':
    'This account has neither username nor e-mail address that it could be found by. Set one, or let it sign in through a linked provider.',
  'password-unreadable':
    'The password hash has an unknown form and was left behind. The owner chooses a new password with "forgot password"; or, if your app has a verifyPassword of its own that reads it, import with --hashes custom.',
  'oauth-without-id':
    'The old database never kept the id of the account at the provider. What is known was kept; the account is linked again when its owner does so.',
  'service-doubled': 'There are several rows of this service for one user. The first was taken.',
  'two-factor-unreadable':
    'The two-factor secret could not be read and was left behind: this account signs in with its password alone. Ask the owner to set two-factor up again.',
  'row-of-nobody': 'This row belongs to no user. It was left behind.',
  'id-taken': 'Another user, who did not come from there, has this id here. This user was left out. Import into an empty database.',
  'not-written': 'Somebody else was quicker each time this user was written. Run the import again.',
  changed:
    'This user was imported before and has changed since, on one side or the other. Nothing was changed here. If the old database is right: latchkey user delete, then import again.',
} as const

/** Why something is told. */
export type NoteKind = keyof typeof ADVICE

/** One thing to know about one user or row. */
export interface Note {
  kind: NoteKind
  /** The user, or the row that belongs to none. */
  id: string
  /** Which address, name, provider or fields. Never a secret. */
  what: string
}
