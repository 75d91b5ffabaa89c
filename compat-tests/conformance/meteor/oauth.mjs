const later = 'signing in through providers the way Meteor’s clients do, by popup and redirect'

/** @type {import('../row.d.ts').MeteorChapter} */
export const oauth = {
  title: 'OAuth',
  rows: [
    { number: 164, item: 'A pending credential can be an error, which comes back with its message and stack', reason: { later } },
    {
      number: 165,
      item: 'A `Meteor.Error` that was kept so comes back as one, with code, reason and stack, and no marker',
      reason: { later },
    },
    { number: 166, item: 'A pending credential without a key is refused', reason: { later } },
    { number: 167, item: 'Of two pending credentials of one key the last one counts', reason: { later } },
    { number: 168, item: 'A pending credential is handed out for its secret alone', reason: { later } },
    { number: 169, item: 'The pages at the end of a popup and of a redirect load their script, below a path as well', reason: { later } },
    {
      number: 170,
      item: 'A callback of OAuth 2, by GET or POST, keeps a credential that can be had once with the secret, sealed or not',
      reason: { later },
    },
    {
      number: 171,
      item: 'A callback of OAuth 1 does so too, for a request token that is kept and the same `oauth_token`',
      reason: { later },
    },
    { number: 172, item: 'Of two request tokens of one key the last one counts', reason: { later } },
    { number: 173, item: 'A request token without a key is refused', reason: { later } },
    { number: 174, item: 'OAuth 1 signs as its test vector says', reason: { later } },
    { number: 175, item: 'OAuth 1 encodes headers as its test vector says', reason: { later } },
    { number: 176, item: 'The `Authorization` header of OAuth 1 is sorted, with commas between its parts', reason: { later } },
    {
      number: 177,
      item: 'Each provider’s handler makes service data of what the provider answers, and its client asks for credentials in the login style',
      reason: { later },
    },
  ],
}
