const TEST = 'packages/server/src/meteor/oauth-encryption/oauth-encryption.test.ts'
const FILE = 'packages/server/src/meteor/oauth-encryption/oauth-encryption.ts'

/** @type {import('../row.d.ts').MeteorChapter} */
export const oauthEncryption = {
  title: 'oauth-encryption',
  rows: [
    {
      number: 178,
      item: '`loadKey` refuses what is no base64, and what is not 16 bytes long; null unloads the key',
      proof: { file: TEST, title: 'loadKey refuses what is not base64, and what is not 16 bytes long; null unloads the key' },
      off: { file: FILE, from: 'if (!isBase64(key)) throw', to: 'if (false) throw' },
      also: [
        {
          item: '`loadKey` refuses keys of another length',
          proof: { file: TEST, title: 'loadKey refuses what is not base64, and what is not 16 bytes long; null unloads the key' },
          off: { file: FILE, from: 'if (bytes.length !== KEY_BYTES) throw', to: 'if (false) throw' },
        },
        {
          item: '`loadKey(null)` unloads the key',
          proof: { file: TEST, title: 'loadKey refuses what is not base64, and what is not 16 bytes long; null unloads the key' },
          off: { file: FILE, from: '      this.#key = null\n      return\n', to: '      return\n' },
        },
      ],
    },
    {
      number: 179,
      item: '`seal` answers an iv of 12 bytes, ciphertext and tag in base64, and the name of the algorithm',
      proof: { file: TEST, title: 'seal answers an iv of 12 bytes, ciphertext and tag in base64, and the algorithm' },
      off: { file: FILE, from: 'const IV_BYTES = 12', to: 'const IV_BYTES = 16' },
    },
    {
      number: 180,
      item: 'What was sealed for a user opens for that user',
      proof: { file: TEST, title: 'what was sealed for a user opens for that user, whatever EJSON carries' },
      off: { file: FILE, from: '{ data, ...(userId === undefined ? {} : { userId }) }', to: '{ data }' },
    },
    {
      number: 181,
      item: 'Under another key it fails with "decryption failed"',
      proof: { file: TEST, title: 'another key does not open it' },
      off: { file: FILE, from: '  } catch {\n    return undefined\n  }', to: '  } catch (error) {\n    throw error\n  }' },
    },
    {
      number: 182,
      item: 'For another user it fails in the same words',
      proof: { file: TEST, title: 'another user does not open it, nor does nobody' },
      off: { file: FILE, from: ' || opened.userId !== userId', to: '' },
    },
    {
      number: 183,
      item: 'What was sealed for nobody opens for nobody',
      proof: { file: TEST, title: 'what was sealed for nobody opens for nobody, and for no user' },
      off: { file: FILE, from: 'opened.userId !== userId', to: "opened.userId !== (userId ?? '')" },
    },
    {
      number: 184,
      item: 'Changed ciphertext does not open, in the same words',
      note: 'nor does anything else that was changed, or a tag that was cut',
      proof: { file: TEST, title: 'whatever is changed in it, it does not open' },
      off: { file: FILE, from: ', decipher.final()])', to: '])' },
    },
    {
      number: 185,
      item: '`isSealed` knows the form',
      proof: { file: TEST, title: 'isSealed knows the form from everything else' },
      off: { file: FILE, from: "return typeof algorithm === 'string' && algorithm !== '' && ", to: 'return true || ' },
    },
    {
      number: 186,
      item: '`keyIsLoaded` says whether there is a key',
      proof: { file: TEST, title: 'keyIsLoaded says whether there is a key' },
      off: { file: FILE, from: 'return this.#key !== null', to: 'return true' },
    },
  ],
}
