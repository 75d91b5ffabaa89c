const TEST = 'packages/server/src/meteor/users/passwords.test.ts'
const HASHING = 'packages/server/src/strategies/password/password-hashing.ts'
const UPGRADE = 'packages/server/src/strategies/password/password-upgrade.ts'
const RECIPE = 'packages/server/src/strategies/password/recipe.ts'
const ADMINISTER = 'packages/server/src/core/flows/administer.ts'
const OPTIONS = 'packages/server/src/meteor/meteor-options.ts'

/** @type {import('../row.d.ts').MeteorChapter} */
export const argon2 = {
  title: 'argon2',
  rows: [
    {
      number: 213,
      item: 'Where argon2 is turned on, a good check of a bcrypt hash leaves argon2 and no bcrypt, which is good as well',
      proof: {
        file: TEST,
        title: 'turned to argon2, a good check of a bcrypt hash succeeds and leaves argon2 and no bcrypt, which is good as well',
      },
      off: { file: UPGRADE, from: 'if (this.#hashing.isCurrent(login.stored) || ', to: "if (login.stored.form === 'bcrypt-sha256' || " },
    },
    {
      number: 214,
      item: 'Where it is turned off, a good check of an argon2 hash leaves bcrypt, which is good as well',
      proof: { file: TEST, title: 'turned to bcrypt, a good check of an argon2 hash succeeds and leaves bcrypt, which is good as well' },
      off: { file: UPGRADE, from: 'if (this.#hashing.isCurrent(login.stored) || ', to: "if (login.stored.form === 'argon2id-sha256' || " },
    },
    {
      number: 215,
      item: '`setPasswordAsync` makes a hash of argon2, each time another one, removes the link to reset it, and ends sessions unless told otherwise',
      proof: { file: TEST, title: 'sets a hash of argon2 where that is wanted' },
      off: { file: OPTIONS, from: '...(argon2Enabled === undefined ? {} : { argon2Enabled }),', to: 'argon2Enabled: false,' },
      also: [
        {
          item: '`setPasswordAsync` removes the link to reset the password',
          proof: { file: TEST, title: 'sets a hash of argon2 where that is wanted' },
          off: { file: 'packages/server/src/stores/memory/credentials.ts', from: 'if (!keepLinks) data', to: 'if (false) data' },
        },
        {
          item: '`setPasswordAsync` ends sessions',
          proof: { file: TEST, title: 'sets a hash of argon2 where that is wanted' },
          off: { file: ADMINISTER, from: 'keepSessions ? {} : { endSessionsExcept: null }', to: '{}' },
        },
        {
          item: '`setPasswordAsync` with `logout: false` ends none',
          proof: { file: TEST, title: 'sets a hash of argon2 where that is wanted' },
          off: { file: ADMINISTER, from: 'keepSessions ? {} : { endSessionsExcept: null }', to: '{ endSessionsExcept: null }' },
        },
      ],
    },
    {
      number: 216,
      item: 'A hash says its parameters; when type, time, memory or lanes change, the next good check makes it anew, and new users have the new ones',
      note: 'argon2id is the default, bcrypt where `bcryptRounds` is set or `argon2Enabled` is false',
      proof: { file: TEST, title: 'changed, makes a hash anew at the next good check and holds for new users' },
      off: { file: HASHING, from: 'recipe !== null && labelOf(recipe) === labelOf(current) && ', to: 'recipe !== null && ' },
      also: [
        {
          item: 'by itself a hash has 19456 KiB, two passes and one lane',
          proof: { file: TEST, title: 'with argon2 is by itself 19456 KiB, two passes and one lane' },
          off: {
            file: RECIPE,
            from: "{ algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2, parallelism: 1 }",
            to: "{ algorithm: 'argon2id', memoryCost: 9_728, timeCost: 4, parallelism: 1 }",
          },
        },
        {
          item: 'new users have the parameters that were set',
          proof: { file: TEST, title: 'changed, makes a hash anew at the next good check and holds for new users' },
          off: { file: HASHING, from: '    this.#settings = { ...this.#settings, current }\n', to: '' },
        },
      ],
    },
  ],
}
